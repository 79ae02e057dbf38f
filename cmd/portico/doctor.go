package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/internal/doctor"
)

type doctorOptions struct {
	environment environmentOptions
	json, all   bool
	timeout     time.Duration
}

// allTimeout bounds a diagnosis of every host: API Gateway answers ten calls a second
// to an account.
const allTimeout = 10 * time.Minute

func (c *cli) doctorCommand() *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor HOST --env NAME",
		Short: "Say why a custom domain doesn't answer",
		Long: `Follow the path of requests for a host through what exists in the accounts, by
read-only calls of AWS under the roles of the stacks' settings: name, certificate,
listener, rule, tasks, security groups, target health, endpoint, policies, API,
stage. The first cause is named first, then what follows from it, each with what to
do. What could not be read is listed, and not guessed. The exit code is 1 when
something is wrong.`,
		Args: cobra.MaximumNArgs(1),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case o.all && len(args) > 0:
			return usagef("--all asks about every host: leave out %s", args[0])
		case !o.all && len(args) == 0:
			return usagef("name the host to ask about, or every one by --all")
		case cmd.Flags().Changed("timeout") && o.timeout <= 0:
			return usagef("--timeout %s: expected more than 0", o.timeout)
		case o.all && !cmd.Flags().Changed("timeout"):
			o.timeout = allTimeout
		}
		return c.action(func(ctx context.Context) error { return c.doctor(ctx, o, args) })(cmd, args)
	}
	environmentFlags(cmd, &o.environment)
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "print what was found as JSON")
	f.BoolVar(&o.all, "all", false, "ask about every host of the mapping, and group what is wrong by its cause")
	f.DurationVar(&o.timeout, "timeout", doctor.Timeout, "the `TIME` to read for, such as 30s; the rest is listed as not read. With --all the default is 10m")
	return cmd
}

func (c *cli) doctor(ctx context.Context, o doctorOptions, args []string) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	reports, err := c.diagnose(ctx, o, args)
	if err != nil {
		return err
	}
	return c.writeDiagnosis(reports, o)
}

// diagnose asks about the hosts of the command line, or about all.
func (c *cli) diagnose(ctx context.Context, o doctorOptions, args []string) ([]*doctor.Report, error) {
	at := c.status("reading what the shared stack reports")
	defer at.end()
	known, err := findEnvironment(ctx, o.environment)
	if err != nil {
		return nil, err
	}
	hosts := args
	if o.all {
		for _, host := range known.environment.Hosts() {
			hosts = append(hosts, string(host))
		}
	} else {
		// A pasted URL is a host too.
		hosts = []string{hostOf(args[0])}
	}
	at.set("reading the custom domains that provider stacks report")
	if err := known.readDomains(ctx, hosts); err != nil {
		return nil, err
	}
	d := doctor.New(*known.environment, known.accounts, nil)
	var reports []*doctor.Report
	for i, host := range hosts {
		at.set("host %d of %d: %s", i+1, len(hosts), host)
		reports = append(reports, d.Diagnose(ctx, host))
	}
	return reports, nil
}

// hostOf is the host of a URL, with or without its scheme and path.
func hostOf(text string) string {
	if _, rest, found := strings.Cut(text, "://"); found {
		text = rest
	}
	host, _, _ := strings.Cut(text, "/")
	return host
}

// groupedCause is a cause with the hosts that it concerns.
type groupedCause struct {
	doctor.Cause
	Hosts []string `json:"hosts"`
}

// groupedUnread is a step that could not be looked at, with the hosts that it
// concerns.
type groupedUnread struct {
	doctor.Unread
	Hosts []string `json:"hosts"`
}

// grouped is what was found about several hosts, by cause.
type grouped struct {
	OK     bool            `json:"ok"`
	Causes []groupedCause  `json:"causes"`
	Unread []groupedUnread `json:"unread"`
}

// groupByCause writes what is wrong with several hosts once, in the order in which it
// was found.
func groupByCause(reports []*doctor.Report) grouped {
	g := grouped{OK: true, Causes: []groupedCause{}, Unread: []groupedUnread{}}
	causes, unread := map[doctor.Cause]int{}, map[doctor.Unread]int{}
	for _, report := range reports {
		g.OK = g.OK && report.OK
		for _, cause := range report.Causes {
			i, seen := causes[cause]
			if !seen {
				i = len(g.Causes)
				causes[cause] = i
				g.Causes = append(g.Causes, groupedCause{Cause: cause})
			}
			g.Causes[i].Hosts = append(g.Causes[i].Hosts, report.Host)
		}
		for _, one := range report.Unread {
			i, seen := unread[one]
			if !seen {
				i = len(g.Unread)
				unread[one] = i
				g.Unread = append(g.Unread, groupedUnread{Unread: one})
			}
			g.Unread[i].Hosts = append(g.Unread[i].Hosts, report.Host)
		}
	}
	return g
}

func (c *cli) writeDiagnosis(reports []*doctor.Report, o doctorOptions) error {
	found := groupByCause(reports)
	var err error
	switch {
	case o.json && o.all:
		err = c.writeJSON(found)
	case o.json:
		err = c.writeJSON(reports[0])
	default:
		_, err = io.WriteString(c.out, diagnosisText(found))
	}
	if err != nil {
		return fmt.Errorf("write the diagnosis: %w", err)
	}
	if !found.OK {
		return errReported
	}
	return nil
}
