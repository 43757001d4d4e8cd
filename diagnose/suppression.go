package diagnose

// What a token loses when it is suppressed, others gain. For a softmax that descends ln π_y,
// as training does in wrong samples, Δz_v ∝ π_v for v ≠ y and Δz_y ∝ π_y − 1 (Zhu et al.,
// 2506.01347, eq. 8, whose form π_y instead of ln π_y has a further factor π_y: the same
// direction, another length). So the *logits* of the others rise in proportion to their
// probabilities. Their probabilities do not: Δp_v = p_v (Δz_v − Σ_u p_u Δz_u) to first order,
//
//	Δp_v ∝ p_v (p_v + p_y − S)   v ≠ y,   Δp_y ∝ −p_y (1 − 2 p_y + S),   S = Σ_u p_u²
//
// and the likeliest of the others gains more than its proportional share, while those
// with p_v < S − p_y lose (Ren and Sutherland, 2407.10490, §3.3: the squeezing effect).

// Proportional is the share of what token y loses that each other token has if all gain in
// proportion to their probabilities p, p_v / (1 − p_y), and −1 for y itself. p must add up to
// one; where nothing but y is possible, no other token has a share.
func Proportional(p []float64, y int) []float64 {
	return shares(p, y, func(float64) float64 { return 1 })
}

// Squeezed is the share of what token y loses that each other token has, to first order, if
// the logits of p descend ln p_y: below 0 for a token that falls. It is −1 for y itself.
func Squeezed(p []float64, y int) []float64 {
	rest, squares := 0.0, 0.0 // of the others: 1 − p_y and S − p_y² where p_y is near one
	for v, q := range p {
		if v != y {
			rest += q
			squares += q * q
		}
	}
	return shares(p, y, func(q float64) float64 { return q + p[y]*rest - squares })
}

// shares are in proportion to p_v · gain(p_v).
func shares(p []float64, y int, gain func(q float64) float64) []float64 {
	out := make([]float64, len(p))
	sum := 0.0
	for v, q := range p {
		if v != y {
			out[v] = q * gain(q)
			sum += out[v]
		}
	}
	for v := range out {
		if sum > 0 {
			out[v] /= sum
		}
	}
	out[y] = -1
	return out
}

// Freed is what one token lost between two distributions, and what of it went to the
// arg-max: the token that was the likeliest but for that one, the lowest id on ties.
type Freed struct {
	Mass         float64 // p_y − p′_y, below 0 where the token gained
	ToArgMax     float64 // p′_a − p_a
	Proportional float64 // Mass times the share that a has by Proportional
	Squeezed     float64 // and by Squeezed
}

// FreedBetween compares the distributions before and after an update, which have at least
// two tokens.
func FreedBetween(before, after []float64, y int) Freed {
	a := -1
	for v, q := range before {
		if v != y && (a < 0 || q > before[a]) {
			a = v
		}
	}
	mass := before[y] - after[y]
	return Freed{
		Mass: mass, ToArgMax: after[a] - before[a],
		Proportional: mass * Proportional(before, y)[a], Squeezed: mass * Squeezed(before, y)[a],
	}
}
