package fidelity

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// awsCommand is a command of the AWS CLI, as a text has it: quotes are gone, and what the
// shell would put in is an empty text.
type awsCommand struct {
	words []string
	// mentioned says that it stands in a sentence, which may leave arguments out.
	mentioned bool
}

func (c awsCommand) String() string { return strings.Join(c.words, " ") }

// TestTheAWSCommandsAreOnesThatAWSHas holds the commands of the documents, and those that
// Portico prints, to AWS's service models: the operation, its parameters, which of them
// are required, and the members of structures in them.
func TestTheAWSCommandsAreOnesThatAWSHas(t *testing.T) {
	m := loadModels(t)
	files := 0
	walkSources(t, func(name string, data []byte) {
		var commands []awsCommand
		switch filepath.Ext(name) {
		case ".md":
			commands = commandsOfDocument(string(data))
		case ".go":
			commands = commandsOfProgram(t, name, data)
		}
		if len(commands) > 0 {
			files++
		}
		for _, command := range commands {
			for _, wrong := range m.wrongIn(t, command) {
				t.Errorf("%s: %s: %s", name, command, wrong)
			}
		}
	})
	require.Greater(t, files, 8, "the commands of the documents and the programs are no longer found")
}

// TestMistakesInAWSCommandsAreFound shows that the check finds what it is for.
func TestMistakesInAWSCommandsAreFound(t *testing.T) {
	m := loadModels(t)
	for command, want := range map[string]string{
		"aws route53 create-hosted-zone --name a.example.com --caller-reference x --vpc VPCRegion=us-east-1,VPCId=$VPC":  "",
		"aws apigateway get-rest-apis --query 'items[].id' --output text":                                                "",
		"aws ecs describe-tasks --cluster C --tasks $(aws ecs list-tasks --cluster C --query taskArns --output text)":    "",
		"aws ecs update-service --cluster C --service S --force-new-deployment":                                          "",
		"aws route53 wait resource-record-sets-changed --id C123":                                                        "",
		"aws route54 create-hosted-zone":                                                                                 "no service",
		"aws route53 make-hosted-zone --name a":                                                                          "no operation",
		"aws route53 create-hosted-zone --name a.example.com":                                                            "--caller-reference is missing",
		"aws route53 create-hosted-zone --name a.example.com --caller-reference x --vpc Region=us-east-1":                "--vpc has no member Region",
		"aws ecs list-services --cluster C --services S":                                                                 "no parameter --services",
		"aws route53 wait hosted-zone-made --id C123":                                                                    "no waiter",
		`aws route53 change-resource-record-sets --hosted-zone-id Z1 --change-batch '{"Changes": [{"Action": "MAKE"}]}'`: "not one of",
		"aws ecs describe-tasks --cluster C --tasks $(aws ecs list-tasks --claster C)":                                   "no parameter --claster",
		"aws s3 copy a b": "no operation",
	} {
		t.Run(command, func(t *testing.T) {
			var wrong []string
			for _, found := range commandsIn(command, false) {
				wrong = append(wrong, m.wrongIn(t, found)...)
			}
			if want == "" {
				require.Empty(t, wrong)
			} else {
				require.Contains(t, strings.Join(wrong, "\n"), want)
			}
		})
	}
}

// walkSources calls visit with the documents, and with the programs that are no tests and
// not of the simulated accounts.
func walkSources(t *testing.T, visit func(name string, data []byte)) {
	t.Helper()
	const root = "../.."
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			base := entry.Name()
			if name != "." && (strings.HasPrefix(base, ".") || slices.Contains([]string{"bin", "testdata", "results"}, base)) || name == "internal/awssim" {
				return filepath.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(name); ext != ".md" && (ext != ".go" || strings.HasSuffix(name, "_test.go")) {
			return nil
		}
		data, err := os.ReadFile(path)
		if err == nil {
			visit(filepath.ToSlash(name), data)
		}
		return err
	}))
}

var inlineCode = regexp.MustCompile("`([^`]+)`")

// commandsOfDocument are those of code blocks, and those that stand in sentences.
func commandsOfDocument(text string) []awsCommand {
	var blocks, sentences strings.Builder
	inside := false
	for line := range strings.Lines(text) {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence:
			inside = !inside
		case inside || strings.HasPrefix(line, "    aws "):
			blocks.WriteString(line)
		default:
			sentences.WriteString(line)
		}
	}
	commands := commandsIn(blocks.String(), false)
	for _, code := range inlineCode.FindAllStringSubmatch(sentences.String(), -1) {
		commands = append(commands, commandsIn(code[1], true)...)
	}
	return commands
}

// commandsOfProgram are those in a program's texts.
func commandsOfProgram(t *testing.T, name string, data []byte) []awsCommand {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, data, parser.SkipObjectResolution)
	require.NoError(t, err)
	var commands []awsCommand
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			commands = append(commands, commandsIn(text, true)...)
		}
		return true
	})
	return commands
}

var beginsCommand = regexp.MustCompile("(?:^|[\\s`\"'(=])(aws [a-z0-9][a-z0-9-]* [a-z0-9]+(?:-[a-z0-9-]+|\\b))")

// commandsIn are the commands of a text in the shell's language; mentioned ones need an
// operation of several words, since sentences speak of "aws accounts" too.
func commandsIn(text string, mentioned bool) []awsCommand {
	text = strings.ReplaceAll(text, "\\\n", " ")
	var commands []awsCommand
	for _, at := range beginsCommand.FindAllStringSubmatchIndex(text, -1) {
		command, quoted := text[at[2]:], false
		if at[2] > 0 && strings.ContainsRune("`\"'", rune(text[at[2]-1])) {
			// The command is quoted, in a sentence.
			command, _, quoted = strings.Cut(command, text[at[2]-1:at[2]])
		}
		words := shellWords(command)
		if mentioned || quoted {
			// A comma ends what is said of the command.
			if end := slices.IndexFunc(words, func(w string) bool { return strings.HasSuffix(w, ",") && len(w) > 1 }); end >= 3 {
				words = words[:end+1]
			}
		}
		if (mentioned || quoted) && !strings.Contains(words[2], "-") {
			continue
		}
		commands = append(commands, awsCommand{words, mentioned || quoted})
	}
	return commands
}

// shellWords are the words of the command that a text begins with. What is in $(...) is
// left out: it is found as a command of its own.
func shellWords(text string) []string {
	var words []string
	var word strings.Builder
	begun := false
	end := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n' || c == ';' || c == '|' || c == '&' || c == ')' || c == '`':
			end()
			return words
		case c == ' ':
			end()
		case strings.HasPrefix(text[i:], "$("):
			i += closing(text[i+1:]) + 1
			begun = true
		case c == '\'' || c == '"':
			length := strings.IndexByte(text[i+1:], c)
			if length < 0 {
				end()
				return words
			}
			word.WriteString(text[i+1 : i+1+length])
			i, begun = i+1+length, true
		default:
			word.WriteByte(c)
			begun = true
		}
	}
	end()
	return words
}

// closing is where the bracket ends with which a text begins.
func closing(text string) int {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text) - 1
}

// serviceNames are the CLI's names of services that botocore calls otherwise.
var serviceNames = map[string]string{"s3api": "s3", "configservice": "config", "deploy": "codedeploy"}

// globalOptions are those of every command, and of those that list.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-options.html
var globalOptions = []string{"query", "output", "region", "profile", "endpoint-url", "no-cli-pager", "no-paginate", "max-items", "page-size", "starting-token", "cli-input-json", "debug"}

// wrongIn is what the models say against a command.
func (m *models) wrongIn(t *testing.T, c awsCommand) []string {
	t.Helper()
	service, operation, arguments := c.words[1], c.words[2], c.words[3:]
	if own := serviceNames[service]; own != "" {
		service = own
	}
	if _, err := os.Stat(filepath.Join(m.dir, service)); err != nil {
		return []string{"AWS has no service " + service}
	}
	api := m.service(t, service)
	if operation == "wait" && len(arguments) > 0 {
		waited := m.waitedFor(t, service, arguments[0])
		if waited == "" {
			return []string{service + " has no waiter " + arguments[0]}
		}
		return api.wrongArguments(waited, arguments[1:], c.mentioned)
	}
	for name := range api.Operations {
		if cliName(name) == operation {
			return api.wrongArguments(name, arguments, c.mentioned)
		}
	}
	return []string{service + " has no operation " + operation}
}

// waitedFor is the operation by which a waiter asks, or "".
func (m *models) waitedFor(t *testing.T, service, waiter string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(m.dir, service, "*", "waiters-2.json"))
	require.NoError(t, err)
	if len(files) == 0 {
		return ""
	}
	data, err := os.ReadFile(slices.Max(files))
	require.NoError(t, err)
	var described struct {
		Waiters map[string]struct{ Operation string }
	}
	require.NoError(t, json.Unmarshal(data, &described))
	for name, w := range described.Waiters {
		if cliName(name) == waiter {
			return w.Operation
		}
	}
	return ""
}

func (m *model) wrongArguments(operation string, arguments []string, mentioned bool) []string {
	input := m.Shapes[m.Operations[operation].Input.Shape]
	if input == nil {
		input = &shape{}
	}
	var wrong []string
	given := map[string]bool{}
	for i, word := range arguments {
		flag, isFlag := strings.CutPrefix(word, "--")
		if !isFlag {
			continue
		}
		flag, inline, _ := strings.Cut(strings.TrimRight(flag, ".,:)\""), "=")
		given[flag] = true
		if slices.Contains(globalOptions, flag) {
			continue
		}
		member := memberOf(input, flag)
		if member == "" {
			wrong = append(wrong, "no parameter --"+flag)
			continue
		}
		values := []string{inline}
		if inline == "" {
			rest := arguments[i+1:]
			if end := slices.IndexFunc(rest, func(w string) bool { return strings.HasPrefix(w, "--") }); end >= 0 {
				rest = rest[:end]
			}
			values = rest
		}
		wrong = append(wrong, m.wrongValues(flag, input.Members[member].Shape, values, mentioned)...)
	}
	if mentioned && len(given) == 0 || given["cli-input-json"] {
		return wrong
	}
	for _, member := range input.Required {
		if !given[cliName(member)] && !mentioned {
			wrong = append(wrong, "--"+cliName(member)+" is missing")
		}
	}
	return wrong
}

func memberOf(input *shape, flag string) string {
	for name, member := range input.Members {
		if cliName(name) == flag || cliName(name) == strings.TrimPrefix(flag, "no-") && member.Shape != "" {
			return name
		}
	}
	return ""
}

// wrongValues holds JSON to the shape, and shorthand (key=value,key=value) to its
// members' names. Other values may be the reader's own.
func (m *model) wrongValues(flag, name string, values []string, mentioned bool) []string {
	s := m.Shapes[name]
	if len(values) == 0 && s.Type != "boolean" && !mentioned {
		return []string{"--" + flag + " has no value"}
	}
	var wrong []string
	for _, value := range values {
		var document any
		if strings.HasPrefix(value, "{") || strings.HasPrefix(value, "[") {
			if err := json.Unmarshal([]byte(value), &document); err != nil {
				wrong = append(wrong, fmt.Sprintf("--%s: %v", flag, err))
				continue
			}
			_, refused := m.refusals(name, document, "--"+flag)
			wrong = append(wrong, refused...)
			continue
		}
		within := s
		if within.Type == "list" {
			within = m.Shapes[within.Member.Shape]
		}
		if within.Type != "structure" {
			continue
		}
		for pair := range strings.SplitSeq(value, ",") {
			key, _, hasValue := strings.Cut(pair, "=")
			if _, known := within.Members[key]; hasValue && !known {
				wrong = append(wrong, fmt.Sprintf("--%s has no member %s", flag, key))
			}
		}
	}
	return wrong
}

var (
	firstCapitals = regexp.MustCompile(`(.)([A-Z][a-z]+)`)
	lastCapitals  = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	pluralOfMany  = regexp.MustCompile(`[A-Z]{2,}s$`)
)

// cliName is the CLI's name of an operation or a member, as xform_name of botocore makes
// it.
func cliName(name string) string {
	if plural := pluralOfMany.FindString(name); plural != "" {
		name = strings.TrimSuffix(name, plural) + "-" + strings.ToLower(plural)
	}
	name = firstCapitals.ReplaceAllString(name, "$1-$2")
	return strings.ToLower(lastCapitals.ReplaceAllString(name, "$1-$2"))
}
