// Package docs holds the documents to what is there: their links and paths
// exist, the README's commands run, and the configuration's page has every key.
package docs
