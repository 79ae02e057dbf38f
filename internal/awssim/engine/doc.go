// Package engine holds simulated accounts and serves them by Pulumi's provider
// protocol. It knows no service: services declare [Type] and [Function] values,
// which [NewCatalog] gathers.
//
// An operation of the protocol is an [Op]: it reads the accounts as they are and
// stages changes, which are recorded in the journal and take effect together.
package engine
