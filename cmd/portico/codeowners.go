package main

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/mapping"
)

func (c *cli) codeownersCommand() *cobra.Command {
	var dir, owner string
	cmd := &cobra.Command{
		Use:   "codeowners --mapping DIR",
		Short: "Print GitHub's CODEOWNERS for a mapping directory: who approves changes of which team's file",
		Long: `Print GitHub's CODEOWNERS for a mapping directory: each team's file belongs to the
GitHub users, GitHub teams and e-mail addresses in the team's CONTACT.

portico.yaml says which hosts and accounts each team may use: name with --owner
who approves its changes, so that no team can widen its own grant. The paths
begin at the repository's top where the directory is in a git repository.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.immediate(func() error { return c.codeowners(cmd.Context(), dir, owner) })(cmd, args)
		},
	}
	cmd.Flags().StringVarP(&dir, "mapping", "m", "", "the `DIR` with portico.yaml and the teams' files")
	required(cmd, "mapping")
	cmd.Flags().StringVar(&owner, "owner", "", "the `OWNERS` of portico.yaml: GitHub users, GitHub teams or e-mail addresses")
	return cmd
}

func (c *cli) codeowners(ctx context.Context, dir, owner string) error {
	if !mapping.IsDirectory(dir) {
		return usagef("--mapping %s is no directory: only a mapping of several teams has code owners", dir)
	}
	// Whoever is left out would not be asked, so that no word is passed over.
	for _, word := range ownerWords(owner) {
		if !isOwner(word) {
			return usagef("--owner %q: %q is no GitHub user, GitHub team or e-mail address: write such as @acme/platform", owner, word)
		}
	}
	m, err := mapping.Load(dir)
	if err != nil {
		return err
	}
	var mistakes mapping.Errors
	for _, team := range m.Teams {
		if len(ownersIn(team.Contact)) == 0 {
			mistakes = append(mistakes, &mapping.Error{
				File: team.Pos.File, Line: team.Pos.Line, Column: team.Pos.Column, Path: team.Path() + ".CONTACT",
				Message: "names no GitHub user, GitHub team or e-mail address",
				Fix:     "write such as @acme/" + strings.ToLower(team.Name),
			})
		}
	}
	if len(mistakes) > 0 {
		return mistakes
	}
	prefix := git{ctx, dir}.pathInRepository("")
	line := func(name string, owners []string) {
		fmt.Fprintf(c.out, "/%s %s\n", path.Join(prefix, name), strings.Join(owners, " "))
	}
	if owner == "" {
		fmt.Fprintf(c.err, "portico: %s has no owner: name one with --owner, or a team can widen its own grant\n", filepath.Join(dir, mapping.DirectoryFile))
	} else {
		line(mapping.DirectoryFile, ownersIn(owner))
	}
	for _, team := range m.Teams {
		line(team.File, ownersIn(team.Contact))
	}
	return nil
}

// codeOwner is an owner as GitHub's CODEOWNERS takes one: @user, @organisation/team
// or an e-mail address.
var codeOwner = regexp.MustCompile(`@[A-Za-z0-9][A-Za-z0-9-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?|[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`)

func isOwner(word string) bool { return codeOwner.FindString(word) == word }

// ownerWords are a text's words, without what separates owners.
func ownerWords(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;<>()\"'", r) })
}

// ownersIn are the owners that a text names among other words.
func ownersIn(text string) []string {
	return slices.DeleteFunc(ownerWords(text), func(word string) bool { return !isOwner(word) })
}
