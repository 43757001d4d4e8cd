// Package eval measures a policy by repeated sampling: unbiased Pass@k with
// intervals over problems, majority vote, entropy, how many different correct
// answers are found, and whether two evaluations of the same problems can be told
// apart.
//
// Begin with File, which evaluates a file of graded samples; with Collection, which has
// somebody else's sampler fill one and goes on after a kill; or with PassAtK, the estimator
// itself. Compare tells two evaluations apart, or says that it cannot.
//
// Estimators are pure functions of counts. Only Run asks an engine, and only
// samples are read from and written to files.
package eval
