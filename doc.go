// Package negativa is a laboratory and a trainer for reinforcement learning with
// verifiable rewards (RLVR): it samples answers from a language model, verifies
// them, turns the verdicts into a policy-gradient update, and measures what that
// did to the whole Pass@k curve.
//
// The pipeline, one package a stage, in the order in which data flows:
//
//	task       problems: seeded generators with exact verifiers, readers of data files
//	tokenizer  tokens <-> text
//	engine     the policy: Sample, Logprobs, ForwardBackward, OptimStep, Save, Load
//	rollout    groups of samples of each problem
//	verify     what each sample is: correct, wrong, or why it cannot be said
//	reward     what a verdict is worth
//	objective  rewards -> advantages -> loss and its gradient per token
//	train      one step and the loop around it
//	eval       unbiased Pass@k with intervals, paired comparison
//	report     a run directory -> table, SVG, one HTML page
//
// This package holds the types that pass between stages and nothing else.
//
// Shape letters used throughout: P problems of a step, G samples of a problem,
// B rows of a batch (P·G), T tokens of a row, V vocabulary, C model width,
// H heads, D head width.
package negativa
