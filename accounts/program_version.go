package accounts

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync"
)

// programVersion is the version of the running program: its release, or else the digest
// of its file. It is empty where neither can be read.
var programVersion = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		if release := releaseOf(info); release != "" {
			return release
		}
	}
	return fileDigest()
})

const modulePath = "github.com/portico-iac/portico"

// releaseOf is the version of Portico's module in a program, if it is that of a release;
// else empty.
func releaseOf(info *debug.BuildInfo) string {
	module := &info.Main
	for _, dependency := range info.Deps {
		if dependency.Path == modulePath {
			module = dependency
		}
	}
	if module.Path != modulePath || module.Replace != nil || !strings.HasPrefix(module.Version, "v") || strings.Contains(module.Version, "+dirty") {
		return ""
	}
	return module.Version
}

func fileDigest() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }() // it was only read
	digest := sha256.New()
	if _, err := io.Copy(digest, file); err != nil {
		return ""
	}
	return hex.EncodeToString(digest.Sum(nil))
}
