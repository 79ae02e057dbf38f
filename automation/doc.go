// Package automation drives the stacks of one environment through the real
// Pulumi engine: the shared-services account's stack first, then the provider
// accounts' stacks side by side, in reverse order when destroying.
//
// Discover finds an environment's stacks by the settings files that lie in the
// project directories; Up, Preview, Refresh and Destroy run them:
//
//	env, err := automation.Discover(".", "dev", automation.Programs{
//		Shared:   accounts.SharedIn,
//		Provider: accounts.ProviderIn,
//	})
//	if err != nil {
//		return err
//	}
//	env.Progress = automation.Lines(os.Stderr)
//	report, err := env.Up(ctx)
//
// Where hosts change their front door, Up goes on with further phases, and the
// report has them below each stack. ReadSharedOutputs and ReadProviderOutputs
// give what the stacks put out its types.
//
// Plain `pulumi up -s dev` works on the same stacks: the same
// settings files, the same backend, the same state. One account's failure does
// not stop the others: the report has an entry for every stack, and the error
// names each stack that failed and the command that runs it again.
package automation
