// Package settings reads the settings of Portico's stacks: the configuration
// keys of namespace portico, for the shared-services account (Shared) and for an
// account that owns APIs (Provider).
//
// A Source says where the settings come from: a project's files, as Pulumi
// reads them, or a running engine. Both give the same structs, checked by the
// same rules, and the same messages. The files that count are Pulumi.yaml with
// its defaults, and Pulumi.<stack>.yaml, in the directory of stackConfigDir if
// Pulumi.yaml has one. Pulumi writes text where a setting is of another kind
// (`pulumi config set portico:redeploy true` writes "true"), so text that is
// JSON of the wanted kind counts as such.
//
// A field without a value has its default, which DefaultShared and
// DefaultProvider state. Errors are of type Errors: all mistakes at once, each
// with its place in the files.
package settings
