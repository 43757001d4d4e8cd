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

// Outlook is what a distribution says of one of its tokens before that is suppressed.
type Outlook struct {
	Token, ArgMax          int     // the arg-max is the likeliest token but for that one, the lowest id on ties
	P, Top                 float64 // their probabilities
	Proportional, Squeezed float64 // the shares of what the token loses that the arg-max has, as the functions of these names say
}

// OutlookOf looks at token y of a distribution of at least two tokens.
func OutlookOf(p []float64, y int) Outlook {
	a := -1
	for v, q := range p {
		if v != y && (a < 0 || q > p[a]) {
			a = v
		}
	}
	return Outlook{y, a, p[y], p[a], Proportional(p, y)[a], Squeezed(p, y)[a]}
}

// Freed is what the token has lost in a later distribution, below 0 if it has gained, and
// what the arg-max has gained.
func (o Outlook) Freed(later []float64) (lost, toArgMax float64) {
	return o.P - later[o.Token], later[o.ArgMax] - o.Top
}
