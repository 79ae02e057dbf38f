package acceptance

// Question is one that no page of AWS's answers.
type Question struct {
	// ID names the question in a Record.
	ID string
	// Asks is the question in words.
	Asks string
	// Script is what the task in the VPC runs to answer it, by sh, with the
	// variables ENDPOINT (the DNS name of the execute-api endpoint), HOST (a
	// custom domain), API, STAGE and REGION. What it prints is the answer.
	Script string
	// Assumes is what Portico and its simulated accounts assume meanwhile.
	Assumes string
	// AsClient asks as a client of the proxy, whose own tasks reach no load balancer.
	AsClient bool
}

// curl asks without judging the certificate: the answers are about it.
const curl = "curl -sk --max-time 20 "

// Questions are those that a task in the VPC answers.
var Questions = []Question{
	{"endpoint-certificate", "Which names does the endpoint's certificate have?",
		curl + `-o /dev/null -w '%{certs}' "https://$ENDPOINT/" | grep -i 'Subject Alternative Name'`, "*.execute-api.{region}.vpce.amazonaws.com among others", false},
	{"endpoint-certificate-by-sni", "Which names does the certificate have for the API's own name as SNI?",
		curl + `-o /dev/null -w '%{certs}' --connect-to "::$ENDPOINT:443" "https://$API.execute-api.$REGION.amazonaws.com/" | grep -i 'Subject Alternative Name'`, "*.execute-api.{region}.amazonaws.com", false},
	{"api-header-against-host", "Which wins where the x-apigw-api-id header names no API and Host names one?",
		curl + `-o /dev/null -w '%{http_code} %header{x-amzn-errortype}' --connect-to "::$ENDPOINT:443" -H 'x-apigw-api-id: zzzzzzzzzz' "https://$API.execute-api.$REGION.amazonaws.com/$STAGE/"`,
		"the header: 403 ForbiddenException, as for an API that isn't there", false},
	{"method-override", "Does X-HTTP-Method-Override change the verb that the resource policy sees?",
		curl + `-X GET -H "x-apigw-api-id: $API" -H 'X-HTTP-Method-Override: DELETE' "https://$ENDPOINT/$STAGE/" | grep -oE "$STAGE/[A-Z]+/"`,
		"it does not, and the proxy removes it: the denial of a request that lacks Referer names GET", false},
	{"custom-domain", "Does the custom domain answer inside the VPC, with a certificate that clients accept?",
		`curl -s --max-time 20 -o /dev/null -w '%{http_code} %{ssl_verify_result}' "https://$HOST/"`, "it does", true},
}
