// Package image builds the proxy's image with the real Docker engine and runs
// it as the task definition says.
//
// What Docker can't show is Fargate itself. AWS documents two things that the
// image counts on and that no test here has shown: that an empty volume takes the
// ownership and mode of the image's directory when the image declares a VOLUME
// at the same path, and belongs to root otherwise (Amazon ECS Developer Guide,
// "Use bind mounts with Amazon ECS"); and that Fargate's platform 1.4.0 takes
// systemControls of the network (API reference, SystemControl).
package image
