package nginxconf_test

import (
	"fmt"
	"testing"

	"github.com/portico-iac/portico/internal/nginxconf"
)

func BenchmarkRender(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			routes := manyRoutes(n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := nginxconf.Render(routes, nginxconf.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
