// Package fidelity holds the simulated accounts to what others know of AWS:
// botocore's service models, Moto, and the program's own second run. Oracles
// that nobody here wrote can disagree with the simulator; its own tests cannot.
package fidelity
