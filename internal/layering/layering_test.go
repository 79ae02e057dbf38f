package layering

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

const module = "github.com/portico-iac/portico"

// reach is how far a ban looks.
type reach int

const (
	// direct bans an import statement in the package itself.
	direct reach = iota
	// transitive bans the package's dependencies' imports too.
	transitive
)

// ban says what a package must not import, and why. Change the code, not this
// table, when the test fails; a change of the table is a change of the design
// and is argued in docs/design.
type ban struct {
	// from is a package of this module, or with "/..." everything below it.
	from string
	// to is a package's path, or with "/..." everything below it; one that
	// begins with "./" lies in this module.
	to    string
	reach reach
	why   string
	// except are packages of this module, from which from may import.
	except []string
}

const (
	pulumi = "github.com/pulumi/..."
	yaml   = "gopkg.in/yaml.v3"
	awsSDK = "github.com/aws/..."
)

var bans = []ban{
	{from: ".", to: "./...", reach: direct, except: []string{"accounts"},
		why: "the program at the root only runs the shared account's RunFunc"},
	{from: "accounts/provider", to: "./...", reach: direct, except: []string{"accounts"},
		why: "the program of the provider accounts only runs their RunFunc"},

	{from: "mapping/...", to: pulumi, reach: transitive,
		why: "editors, hooks and other programs read mappings without an engine"},
	{from: "internal/terminalquery", to: "./...", reach: transitive,
		why: "it has to be initialized before the packages that ask the terminal"},
	{from: "internal/aws", to: "./...", reach: transitive,
		why: "a vocabulary knows none of those who speak it"},
	{from: "internal/aws", to: pulumi, reach: transitive,
		why: "names and numbers are read without an engine"},
	{from: "internal/aws", to: awsSDK, reach: transitive,
		why: "the mapping reads AWS's names by it, and nothing that reads a mapping needs AWS's SDK"},

	{from: "mapping/...", to: "./...", reach: transitive, except: []string{"internal/aws"},
		why: "the mapping is the first stage of the pipeline and knows none of the later ones, but AWS's names for partitions, regions, accounts and roles"},
	{from: "mapping/...", to: awsSDK, reach: transitive,
		why: "a mapping is read without a call to AWS"},
	{from: "internal/topology", to: pulumi, reach: transitive,
		why: "derivation is pure, so that it can be tested and explained without an engine"},
	{from: "internal/topology", to: yaml, reach: direct,
		why: "derivation starts from the validated model, not from the file"},
	{from: "internal/outputs", to: pulumi, reach: transitive,
		why: "outputs are plain values: the driver, the command line and tests read them without an engine"},
	{from: "internal/outputs", to: "./...", reach: transitive, except: []string{"mapping", "internal/aws"},
		why: "what stacks report to one another depends on no program that writes or reads it"},
	{from: "internal/migration", to: pulumi, reach: transitive,
		why: "the steps of a host are decided, and tested, without an engine"},
	{from: "internal/migration", to: "./...", reach: transitive, except: []string{"mapping", "internal/aws", "internal/outputs"},
		why: "the stacks' programs and their driver both ask it, so that it knows neither"},
	{from: "internal/topology", to: "./...", reach: transitive, except: []string{"mapping", "internal/aws", "internal/migration", "internal/outputs"},
		why: "derivation knows the mapping, the state that each host is to have, and nothing that comes after it"},
	{from: "internal/nginxconf", to: pulumi, reach: transitive,
		why: "the proxy's configuration is rendered and tested without an engine"},
	{from: "internal/nginxconf", to: "./mapping", reach: direct,
		why: "the configuration is rendered from routes: the file may change its shape without touching a template"},
	{from: "internal/sbom", to: "./...", reach: transitive, except: []string{"internal/aws"},
		why: "a bill of materials follows from files and a reference, whoever renders them"},
	{from: "internal/resourcepolicy", to: pulumi, reach: transitive,
		why: "a policy is a pure function of its rows and of the owner's policy"},
	{from: "internal/resourcepolicy", to: awsSDK, reach: transitive,
		why: "a policy is a pure function of its rows and of the owner's policy"},
	{from: "internal/resourcepolicy", to: "./...", reach: transitive, except: []string{"internal/aws"},
		why: "policies are built from plain values, so that an evaluator can be pointed at them; AWS's own names are such"},

	{from: "internal/apipolicy", to: pulumi, reach: transitive,
		why: "what a row grants is said without an engine"},
	{from: "internal/apipolicy", to: "./...", reach: transitive,
		except: []string{"mapping", "internal/aws", "internal/topology", "internal/migration", "internal/outputs", "internal/resourcepolicy"},
		why:    "what a row grants follows from the mapping alone"},

	{from: "internal/settings", to: "github.com/pulumi/pulumi/sdk/v3/go/pulumi/...", reach: transitive,
		why: "settings are read from files as well as in a running program, which hands the engine's values over"},
	{from: "internal/settings", to: "github.com/pulumi/pulumi/sdk/v3/go/auto/...", reach: transitive,
		why: "the driver reads settings, and not the other way round"},
	{from: "internal/settings", to: "github.com/pulumi/pulumi/pkg/...", reach: transitive,
		why: "settings are read without an engine"},
	{from: "internal/requestheaders", to: "./...", reach: transitive,
		why: "the proxy and the settings both read the list"},
	{from: "internal/settings", to: "./...", reach: transitive,
		except: []string{"mapping", "internal/aws", "internal/topology", "internal/migration", "internal/outputs", "internal/resourcepolicy", "internal/requestheaders"},
		why:    "settings know what a mapping means, not how it is deployed"},

	{from: "internal/controls", to: "./...", reach: transitive,
		why: "a verdict follows from what is registered, whichever program registers it"},
	{from: "internal/cost", to: "./...", reach: transitive, except: []string{"mapping", "internal/aws", "internal/topology", "internal/migration", "internal/outputs"},
		why: "what an environment costs follows from its topology, before anything is deployed"},
	{from: "internal/recommend", to: pulumi, reach: transitive,
		why: "front doors are compared without an engine"},
	{from: "internal/recommend", to: yaml, reach: direct,
		why: "advice starts from the validated model, and asks the mapping what a front door can't carry"},
	{from: "internal/recommend", to: "./...", reach: transitive, except: []string{"mapping", "internal/aws", "internal/topology", "internal/migration", "internal/outputs", "internal/cost"},
		why: "advice knows what a mapping means, not how it is deployed"},

	{from: "internal/review", to: pulumi, reach: transitive,
		why: "a change is reviewed from files alone, without an engine"},
	{from: "internal/review", to: yaml, reach: direct,
		why: "a review starts from the validated model, not from the files"},
	{from: "internal/review", to: "./...", reach: transitive,
		except: []string{"mapping", "internal/aws", "internal/topology", "internal/migration", "internal/outputs", "internal/resourcepolicy", "internal/apipolicy", "internal/cost"},
		why:    "a review knows what a mapping means and costs, not how it is deployed"},

	{from: "internal/page", to: pulumi, reach: transitive,
		why: "a page shows what it is given"},
	{from: "internal/page", to: "./...", reach: transitive,
		why: "a page shows what it is given: a rehearsal's report and a review are made into one by the command line"},

	{from: "internal/doctor", to: pulumi, reach: transitive,
		why: "what is wrong is found in what exists, without an engine"},
	{from: "internal/doctor", to: awsSDK, reach: transitive,
		why: "the walk asks its Reader, so that it finds the same in simulated accounts"},
	{from: "internal/doctor", to: "./...", reach: transitive, except: []string{"mapping", "internal/aws", "internal/outputs", "internal/resourcepolicy"},
		why: "the walk knows what a mapping means, not how it is deployed or simulated"},

	{from: "internal/discovery", to: pulumi, reach: transitive,
		why: "what exists is listed without an engine"},
	{from: "internal/discovery", to: awsSDK, reach: transitive,
		why: "the accounts are asked through a Reader"},
	{from: "internal/discovery", to: "./...", reach: transitive, except: []string{"mapping", "internal/aws", "internal/outputs", "internal/resourcepolicy", "internal/doctor"},
		why: "what exists is listed, not how it would be deployed"},
	{from: "internal/assumedrole", to: "./...", reach: transitive,
		why: "the stacks' programs and the reader of accounts enter an account alike"},
	{from: "internal/awsreader", to: pulumi, reach: transitive,
		why: "AWS is asked, and no state of an engine"},
	{from: "internal/awsreader", to: "./...", reach: direct, except: []string{"internal/assumedrole", "internal/aws", "internal/doctor"},
		why: "the reader answers questions and knows nothing of what they are for"},

	{from: "internal/reference", to: pulumi, reach: transitive,
		why: "files are turned into files, without an engine"},
	{from: "internal/reference", to: "./...", reach: transitive, except: []string{"mapping", "internal/aws", "internal/newfiles"},
		why: "what was imported is held against the program's own reading, which it must not share"},
	{from: "internal/newfiles", to: "./...", reach: transitive,
		why: "writing files knows nothing of what they say"},
	{from: "internal/starter", to: "./...", reach: transitive, except: []string{"mapping", "internal/aws", "internal/newfiles"},
		why: "the files that it writes are held against the program's own reading, which it must not share"},

	{from: "components", to: "./accounts", reach: transitive,
		why: "components are given their arguments; reading config is the role's work"},
	{from: "components", to: yaml, reach: direct,
		why: "components are given their arguments; reading files is the role's work"},
	{from: "components", to: "os", reach: direct,
		why: "components are given their arguments; what they make depends on nothing else"},
	{from: "accounts", to: "./automation", reach: transitive,
		why: "plain `pulumi up` runs the roles without the driver"},
	{from: "accounts", to: "./internal/awssim/...", reach: transitive,
		why: "a program that knows of the simulator could behave differently on it"},
	{from: "automation", to: "./components", reach: transitive,
		why: "the driver runs whatever RunFunc it is given"},
	{from: "automation", to: "./internal/awssim/...", reach: transitive,
		why: "the driver treats simulated and real accounts alike"},

	{from: "internal/awssim/...", to: "./...", reach: transitive, except: []string{"internal/awssim/..."},
		why: "a simulator that shares the program's assumptions can't contradict them"},
	{from: "internal/rehearsal/...", to: "./components", reach: direct,
		why: "the data path is built from what exists in the simulated accounts, not from what the program meant"},
	{from: "cmd/portico", to: "./components", reach: direct,
		why: "the command line drives roles, not resources"},
}

func TestNoPackageImportsWhatItMustNotKnow(t *testing.T) {
	graph := load(t)
	for _, b := range bans {
		t.Run(b.from+" never imports "+b.to, func(t *testing.T) {
			from := graph.matching(inModule(b.from))
			if len(from) == 0 {
				t.Fatalf("%s: no such package: the rule guards nothing; name the package that took its place", b.from)
			}
			if strings.HasPrefix(b.to, "./") && len(graph.matching(inModule(b.to))) == 0 {
				t.Fatalf("%s: no such package: the rule guards against nothing", b.to)
			}
			for _, p := range from {
				if chain := graph.offence(p, b); chain != nil {
					t.Errorf("%s\n%s", strings.Join(chain, "\n  imports "), b.why)
				}
			}
		})
	}
}

// graph is this module's packages and everything that they import, by path.
type graph map[string]*packages.Package

func load(t *testing.T) graph {
	t.Helper()
	config := &packages.Config{
		Mode: packages.NeedName | packages.NeedImports | packages.NeedDeps | packages.NeedModule,
		Dir:  "../..",
	}
	roots, err := packages.Load(config, "./...")
	if err != nil {
		t.Fatalf("load the module's packages: %v", err)
	}
	all := graph{}
	packages.Visit(roots, nil, func(p *packages.Package) { all[p.PkgPath] = p })
	return all
}

// matching are the packages that a pattern names, sorted.
func (g graph) matching(pattern string) []string {
	var found []string
	for path := range g {
		if matches(path, pattern) {
			found = append(found, path)
		}
	}
	slices.Sort(found)
	return found
}

// offence is a chain of imports from the package to one that the ban names, or
// nil. It is a shortest one, and always the same.
func (g graph) offence(from string, b ban) []string {
	type step struct {
		path  string
		chain []string
	}
	seen := map[string]bool{from: true}
	queue := []step{{from, []string{from}}}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		for _, imported := range sortedImports(g[s.path]) {
			if seen[imported] {
				continue
			}
			seen[imported] = true
			chain := append(slices.Clone(s.chain), imported)
			if b.covers(imported) && !matches(imported, inModule(b.from)) {
				return chain
			}
			if b.reach == transitive {
				queue = append(queue, step{imported, chain})
			}
		}
	}
	return nil
}

func (b ban) covers(path string) bool {
	to := b.to
	if strings.HasPrefix(to, "./") {
		to = inModule(to)
	}
	return matches(path, to) &&
		!slices.ContainsFunc(b.except, func(e string) bool { return matches(path, inModule(e)) })
}

func sortedImports(p *packages.Package) []string {
	var paths []string
	for _, imported := range p.Imports {
		paths = append(paths, imported.PkgPath)
	}
	slices.Sort(paths)
	return paths
}

// inModule is the import path, or the pattern, of a place in this module.
func inModule(place string) string {
	place = strings.TrimPrefix(place, "./")
	if place == "." {
		return module
	}
	return module + "/" + place
}

func matches(path, pattern string) bool {
	if below, found := strings.CutSuffix(pattern, "/..."); found {
		return path == below || strings.HasPrefix(path, below+"/")
	}
	return path == pattern
}

func TestTheRulesAreFollowedThroughImports(t *testing.T) {
	pkg := func(path string, imports ...*packages.Package) *packages.Package {
		p := &packages.Package{PkgPath: path, Imports: map[string]*packages.Package{}}
		for _, i := range imports {
			p.Imports[i.PkgPath] = i
		}
		return p
	}
	engine := pkg("github.com/pulumi/pulumi/sdk/v3/go/pulumi")
	middle := pkg(inModule("internal/middle"), engine)
	top := pkg(inModule("mapping"), middle)
	g := graph{}
	for _, p := range []*packages.Package{engine, middle, top} {
		g[p.PkgPath] = p
	}
	for name, test := range map[string]struct {
		ban  ban
		want string
	}{
		"a direct ban stops at the package's own imports": {
			ban{from: "mapping", to: pulumi, reach: direct}, "[]"},
		"a transitive ban names the chain": {
			ban{from: "mapping", to: pulumi, reach: transitive},
			fmt.Sprint([]string{top.PkgPath, middle.PkgPath, engine.PkgPath})},
		"an exception is no offence": {
			ban{from: "mapping", to: "./...", reach: transitive, except: []string{"internal/middle"}}, "[]"},
		"a package of the module is": {
			ban{from: "mapping", to: "./...", reach: direct}, fmt.Sprint([]string{top.PkgPath, middle.PkgPath})},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fmt.Sprint(g.offence(top.PkgPath, test.ban)); got != test.want {
				t.Errorf("offence = %s, want %s", got, test.want)
			}
		})
	}
}
