package main

import (
	"fmt"
	"io"
	"strings"
)

// GitHub's commands end a message at a line's end, and a property at a comma or
// colon, unless these are escaped
// (https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts).
var (
	annotationText     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	annotationProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// writeAnnotations writes mistakes as commands that GitHub Actions shows at the
// file's lines, as errors or as warnings. It shows ten of a step; the log has all.
func writeAnnotations(w io.Writer, level string, mistakes []mistake) error {
	for _, m := range mistakes {
		properties := "file=" + annotationProperty.Replace(m.File)
		if m.Line > 0 {
			properties += fmt.Sprintf(",line=%d", m.Line)
		}
		if m.Column > 0 {
			properties += fmt.Sprintf(",col=%d", m.Column)
		}
		if m.Path != "" {
			properties += ",title=" + annotationProperty.Replace(m.Path)
		}
		if _, err := fmt.Fprintf(w, "::%s %s::%s\n", level, properties, annotationText.Replace(m.Message+": "+m.Fix)); err != nil {
			return fmt.Errorf("write annotations: %w", err)
		}
	}
	return nil
}
