// Package fidelity holds the simulated accounts to what others know of AWS:
// botocore's service models, Moto, and the program's own second run. Oracles
// from elsewhere can disagree with the simulator; its own tests cannot.
package fidelity
