// Package requests is a corpus of requests and of what has to become of them:
// what a client sends byte for byte, what of it may arrive at the endpoint, and
// what the client is answered.
//
// testdata/mapping.yaml is the mapping that the corpus is about; every other
// file of testdata is one family of cases. What is expected was derived from
// the proxy's contract (docs/data-path.md), never from what the proxy did, so
// there is no flag that writes it. A file is text, a line's first characters
// telling what it is:
//
//	# ...           a comment; empty lines mean nothing
//	== sentence     begins a case
//	? 1.22          the case is about this version of NGINX only
//	> GET / HTTP/1.1    what the client sends: a line, ended by CR LF
//	>| bytes        the same, not ended
//	>. bytes        the same, not ended, and a byte at a time
//	= GET / HTTP/1.1    the request line of what arrives at the endpoint
//	= Name: value   a header of it
//	= !Name         a header that it doesn't have
//	=| bytes        its body, in pieces
//	< 200           the status of what the client is answered; "200 close" if
//	                the proxy closes the connection afterwards, "close" alone if
//	                it does so without a word; 400|405 where either will do,
//	                since versions of NGINX refuse differently
//	< Name: value   a header of the answer
//	< !Name         a header that the answer doesn't have
//	<| bytes        its body, in pieces
//	@ line          what the endpoint answers, where it isn't 200 with a
//	@| bytes        small JSON object: lines and bytes as the client's
//
// In sent, arriving and answered bytes \\, \r, \n, \t, \0 and \xNN mean what
// they do in Go, and \(text*1000) is the text a thousand times.
//
// A case is a conversation on one connection: what precedes an answer
// is sent before it is read. Nothing arrives but what the case lists. An
// arrival has exactly the headers that it lists and those that the proxy always
// sets: Host, Referer, X-Forwarded-For, -Host, -Port, -Proto and, on rows with a
// base path, -Prefix, whose values follow from the row whose API x-apigw-api-id
// names; a line of the case replaces them. An answer that no arrival explains, or with another status
// than the endpoint's, is the proxy's own and has to be JSON. Behind every case whose connection stays open another request
// is sent on it, so that proxy and client agree where the last one ended.
package requests
