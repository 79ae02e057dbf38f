package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// The characters that services make identifiers of.
const (
	HexDigits    = "0123456789abcdef"
	Digits       = "0123456789"
	Letters      = "abcdefghijklmnopqrstuvwxyz"
	Alphanumeric = Letters + Digits
	Capitals     = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + Digits
)

// Characters is n characters of an alphabet, up to 32, that follow from a seed.
func Characters(alphabet, seed string, n int) string {
	sum := sha256.Sum256([]byte(seed))
	chosen := make([]byte, n)
	for i := range chosen {
		chosen[i] = alphabet[int(sum[i])%len(alphabet)]
	}
	return string(chosen)
}

// seed belongs to this resource alone. It follows from the account, the origin and
// how often it has been created, so the same program run twice from the same
// beginning sees the same identifiers.
func (op *Op) seed() string {
	if op.serial == 0 {
		op.serial = op.Number(op.origin)
	}
	return strings.Join([]string{op.Account, op.scopeOf(op.Token).region, op.Token, op.origin, strconv.Itoa(op.serial)}, "|")
}

// Own is n characters of an alphabet for the resource, or for a part of it such as a
// network interface.
func (op *Op) Own(alphabet, part string, n int) string {
	return Characters(alphabet, op.seed()+"|"+part, n)
}

// EC2 is the identifier that EC2 gives to a part of the resource: 17 hexadecimal
// digits, of which the first is 0.
func (op *Op) EC2(part string) string { return "0" + op.Own(HexDigits, part, 16) }

// UUID is a version 4 UUID for the resource, or for a part of it.
func (op *Op) UUID(part string) string {
	sum := sha256.Sum256([]byte(op.seed() + "|" + part))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	h := hex.EncodeToString(sum[:16])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// PartOf is n characters of an alphabet that follow from the resource's ID.
func (op *Op) PartOf(alphabet string, n int) string {
	return Characters(alphabet, op.Account+op.ID, n)
}

// HostedZoneOf is the ID of the hosted zone that AWS keeps a service's names of a
// region in, the same for everybody.
func (op *Op) HostedZoneOf(service string) string {
	return "Z" + Characters(Capitals, op.Region+"|"+service, 13)
}

// identifierOf is what a placeholder of identifiers stands for: {ec2}, {uuid}, or an
// alphabet and a number, as {hex16}, {alphanumeric10}, {capitals20} and {digits26}.
func (op *Op) identifierOf(placeholder string) (string, bool) {
	switch placeholder {
	case "ec2":
		return op.EC2(""), true
	case "uuid":
		return op.UUID(""), true
	}
	for name, alphabet := range map[string]string{"hex": HexDigits, "alphanumeric": Alphanumeric, "capitals": Capitals, "digits": Digits} {
		rest, ok := strings.CutPrefix(placeholder, name)
		if n, err := strconv.Atoi(rest); ok && err == nil {
			return op.Own(alphabet, "", n), true
		}
	}
	return "", false
}
