// Package page writes a rehearsal or a preview as one HTML file that needs no
// network: the path of each row's requests as a picture, what changes, every probe,
// policies before and after, limits and cost. It is given what others found and
// computes nothing about an environment itself.
//
// The file holds its styles and its script, and a content security policy that
// admits these two by their digests and nothing else. html/template escapes all
// text; the script writes text nodes only. Rows and probes beyond the first fifty
// are data, which the script shows by the same templates: a mapping of 10,000 rows
// opens and is searched as quickly as a small one.
package page
