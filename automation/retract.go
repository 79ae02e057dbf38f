package automation

// promises are the outputs by which the stacks tell each other which ways stand
// (docs/design/front-doors.md). They outlast what they speak of: a destroy that
// was interrupted would leave them behind, and the next up would rely on custom
// domains that are gone.
var promises = []string{"hosts", "doors", "ready", "keeps", "domainNameArns", "resourceShareArn"}

// retract takes the promises of a stack that is about to be destroyed out of its
// state, and tells whether there were any. Where another front door than nginx
// was never used there are none that anybody reads.
func (d *deployment) retract() bool {
	for _, v := range d.resources() {
		resource, _ := v.(map[string]any)
		if resource["type"] != stackType {
			continue
		}
		outputs, _ := resource["outputs"].(map[string]any)
		if !holds(outputs["doors"]) && !holds(outputs["ready"]) && !holds(outputs["domainNameArns"]) {
			return false
		}
		for _, name := range promises {
			delete(outputs, name)
		}
		return true
	}
	return false
}

func holds(output any) bool {
	entries, _ := output.(map[string]any)
	return len(entries) > 0
}
