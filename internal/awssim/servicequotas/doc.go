// Package servicequotas simulates Service Quotas: what the other services' quotas are.
package servicequotas
