// Package archtest holds the architecture's rules as tests: which package may
// import which, which packages are pure, what a file and a function may grow to.
// It has no code of its own.
//
// Each rule is a function from a description of a module to the rule's
// violations, and each is also run on a small module made to break it, so that a
// rule that has stopped seeing anything fails too.
package archtest
