package live

import (
	"encoding/binary"
	"hash/crc32"
	"net"
	"net/netip"
)

// The proxy protocol, version 2, as a Network Load Balancer speaks it.
// https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt, section 2.2
const (
	proxySignature = "\r\n\r\n\x00\r\nQUIT\n"

	commandLocal = 0x20
	commandProxy = 0x21

	tcpOverIPv4 = 0x11

	typeCRC32C = 0x03
	typeNoop   = 0x04

	// proxyLength is what follows a header's first 16 bytes: the addresses, and
	// type-length-values up to the length that was recorded of an NLB's.
	// https://github.com/kubernetes/kubernetes/issues/57250
	proxyLength = 84
)

// proxyHeader says whose connection a target gets: source is the client's end of
// its connection to the load balancer, destination the load balancer's.
func proxyHeader(source net.Addr, destination netip.AddrPort) []byte {
	var addresses [12]byte
	if client, ok := source.(*net.TCPAddr); ok {
		copy(addresses[:4], client.IP.To4())
		binary.BigEndian.PutUint16(addresses[8:], uint16(client.Port))
	}
	copy(addresses[4:8], destination.Addr().AsSlice())
	binary.BigEndian.PutUint16(addresses[10:], destination.Port())
	return proxyMessage(commandProxy, addresses[:])
}

// localHeader says that a connection is the load balancer's own, as those of health
// checks are.
func localHeader() []byte { return proxyMessage(commandLocal, nil) }

func proxyMessage(command byte, addresses []byte) []byte {
	message := append([]byte(proxySignature), command, tcpOverIPv4)
	message = binary.BigEndian.AppendUint16(message, proxyLength)
	message = append(message, addresses...)
	sum := len(message) + 3
	message = append(message, typeCRC32C, 0, 4, 0, 0, 0, 0)
	padding := len(proxySignature) + 4 + proxyLength - len(message) - 3
	message = append(message, typeNoop, 0, byte(padding))
	message = append(message, make([]byte, padding)...)
	// The checksum is taken while its own bytes are zero.
	binary.BigEndian.PutUint32(message[sum:], crc32.Checksum(message, crc32.MakeTable(crc32.Castagnoli)))
	return message
}
