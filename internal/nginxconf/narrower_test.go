package nginxconf_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// TestOddSpellingsOfNarrowerRowsAreRefused sends what an API may read as the
// narrower row's path, and what it can't.
func TestOddSpellingsOfNarrowerRowsAreRefused(t *testing.T) {
	long := "/" + strings.Repeat("segment-of-a-long-path/", 20) + "end"
	routes := []topology.Route{
		route("shop.example.com", "/v1", "shop", ""),
		route("shop.example.com", "/v1/admin", "shop", "/admin", "GET", "POST"),
		route("shop.example.com", "/v1/admin/users", "shop", "/admin/users", "GET"),
		route("root.example.com", "", "root", "/p", "GET", "DELETE"),
		route("root.example.com", "/a-b_c.d", "root", "/p/a-b_c.d", "GET"),
		route("long.example.com", "", "long", ""),
		route("long.example.com", mapping.BasePath(long), "long", mapping.APIPath(long), "GET"),
		route("other.example.com", "/v1", "one", ""),
		route("other.example.com", "/v1/admin", "two", "/admin", "GET"),
		route("same.example.com", "/v1", "same", "", "GET"),
		route("same.example.com", "/v1/admin", "same", "/admin", "GET", "POST"),
		route("shared.example.com", "/v1", "shared", ""),
		route("shared.example.com", "/v1/admin/users", "shared", "/admin/users", "GET"),
		route("shared.example.com", "/v1/admin/groups", "shared", "/admin/groups", "GET"),
		route("moved.example.com", "/v1", "moved", ""),
		route("moved.example.com", "/v1/admin", "moved", "/elsewhere", "GET"),
	}
	p, u := start(t, routes...)
	refused := map[string][]string{
		"shop.example.com": {
			"/v1//admin/x", "/v1/admin%2fx", "/v1/Admin/x", "/v1/admin;/x", "/v1/admin;a=b/x", "/v1/admin;", "/v1///admin",
			"/v1/%2Fadmin/x", "/v1/%252fadmin", "/v1/%25252Fadmin", "/v1/\\admin", "/v1/%5cadmin", "/v1/ADMIN", "/v1/admin\\x",
			"/v1/%2561dmin/x", "/v1/%41dmin", "/v1/a%2564min/x", "/v1/a%44min/x", "/v1/%c1%a1dmin", "/v1/\xc1\xa1dmin", "/v1/%e0%81%a1dmin/x",
			"/v1/%25%36%31dmin", "/v1/admin.", "/v1/admin.json", "/v1/admin.json/x", "/v1/admin%2ejson", "/v1/admin%20", "/v1/admin%20/x", "/v1/admin%3bx", "/v1/admin%3fx", "/v1/admin%23",
			"/v1/admin%c0%afx", "/v1/%c0%afadmin", "/v1//admin?x=/", "/v1/admin%2fusers", "/v1/admin%252Fx",
			"/v1/Admin/users", "/v1/%61dmin%2fx",
			"/v1/;x/admin", "/v1/;/admin/x", "/v1/;a=b;c/admin", "/v1/%3bx/admin", "/v1//;x//;/Admin", "/v1/;x%2fadmin", "/v1/;x\\admin",
			"/v1" + strings.Repeat("/", 200) + "x", "/v1/;" + strings.Repeat("%25", 200) + "/x", "/v1" + strings.Repeat("/%3b", 200) + "/x", "/v1/x/%" + strings.Repeat("25", 100),
		},
		// What all rows below /admin would walk over is refused before they do.
		"shared.example.com": {
			"/v1/admin/Users", "/v1/admin;x/users", "/v1/admin" + strings.Repeat("/", 4) + "groups;", "/v1/admin;" + strings.Repeat("x", 200) + "/y",
			"/v1/Admin%2ejson" + strings.Repeat("%25", 200), "/v1/admin" + strings.Repeat("/", 8) + "y", "/v1/admin/;" + strings.Repeat("x", 200) + "/y",
			"/v1/admin//%3b" + strings.Repeat("x", 15000), "/v1/admin%20" + strings.Repeat("x", 15000), "/v1/admin" + strings.Repeat("%2f;", 1000) + "/y",
		},
		"root.example.com": {"//a-b_c.d", "/A-b_c.d/x", "/a%252Db_c.d", "/a-b_c.d;x", "/a-b_c.d.json", "/%61-b_C.d"},
		"long.example.com": {strings.ToUpper(long), "/" + long, strings.Replace(long, "long", "%256cong", 1)},
	}
	conn := nginxtest.NewConn(t, p)
	for host, targets := range refused {
		for _, target := range targets {
			for _, verb := range []string{"DELETE", "GET"} {
				before := len(u.Requests())
				answer := conn.Send(t, nginxtest.RequestText(verb, host, target))
				require.Equal(t, 400, answer.Status, "%s %s%s", verb, host, target)
				require.Len(t, u.Requests(), before, "%s %s%s", verb, host, target)
			}
		}
	}
	for _, target := range []string{"/v1/admin//users/x", "/v1/admin/Users", "/v1/admin/users;x", "/v1/admin/;x/users"} {
		require.Equal(t, 400, conn.Send(t, nginxtest.RequestText("POST", "shop.example.com", target, "Content-Length: 0")).Status, target)
		require.Equal(t, 405, conn.Send(t, nginxtest.RequestText("DELETE", "shop.example.com", target)).Status, target)
	}
	passes := map[string][]string{
		"shop.example.com": {"/v1", "/v1/", "/v1//", "/v1/administrators", "/v1/admi", "/v1/adminx/y", "/v1/x/admin", "/v1/x//admin", "/v1/x?y=//admin", "/v1/caf%C3%A9%2Fx",
			"/v1/x;y/admin", "/v1/;admin", "/v1" + strings.Repeat("/", 100) + "x", "/v1/" + strings.Repeat("x", 1000) + strings.Repeat("/", 1000), "/v1/;x/y/admin", "/v1/100%25", "/v1/%61dministrators", "/v1/admin-x", "/v1/admin%2dx", "/v1/admin:x"},
		"shared.example.com": {"/v1/admin", "/v1/admin/x", "/v1/admin//x", "/v1/admin;x/y", "/v1/admin/;x/y", "/v1/admin.json", "/v1/admin" + strings.Repeat("x", 1000),
			"/v1/admin/" + strings.Repeat("x", 1000), "/v1/admin/x;" + strings.Repeat("y", 1000), "/v1/other;" + strings.Repeat("x", 1000), "/v1/admin;" + strings.Repeat("x", 100) + "/y"},
		"root.example.com":  {"/a-b_c", "/a-b_c.dx", "/axb_c.d", "/x/a-b_c.d"},
		"long.example.com":  {"/segment", "/segment-of-a-long-pathx", "//x"},
		"other.example.com": {"/v1//admin", "/v1/Admin", "/v1/admin;x"},
		"same.example.com":  {"/v1//admin", "/v1/Admin"},
		"moved.example.com": {"/v1//admin", "/v1/Admin"},
	}
	for host, targets := range passes {
		for _, target := range targets {
			before := len(u.Requests())
			answer := conn.Send(t, nginxtest.RequestText("GET", host, target))
			require.Equal(t, 200, answer.Status, "%s%s", host, target)
			require.Len(t, u.Requests(), before+1, "%s%s", host, target)
		}
	}
	require.Equal(t, 405, conn.Send(t, nginxtest.RequestText("DELETE", "shop.example.com", "/v1/admin/x")).Status)
	require.Equal(t, 405, conn.Send(t, nginxtest.RequestText("DELETE", "shop.example.com", "/v1/%61dmin/x")).Status)
	require.Equal(t, 200, conn.Send(t, nginxtest.RequestText("DELETE", "shop.example.com", "/v1/orders")).Status)
}
