package kernel

import "math"

// AdamW is one step's constants of the update rule of Loshchilov and Hutter
// (1711.05101, algorithm 2), with PyTorch's placement of epsilon.
type AdamW struct {
	LearningRate, Beta1, Beta2, Epsilon, WeightDecay float64
	Step                                             int     // ≥ 1: this step's number
	Scale                                            float64 // gradients are multiplied by it first
}

// adamConstants are what a step's updates have in common.
type adamConstants struct {
	scale, beta1, rest1, beta2, rest2 float64
	step, root, epsilon, keep         float64
}

func (o AdamW) constants() adamConstants {
	return adamConstants{
		scale: o.Scale, beta1: o.Beta1, rest1: 1 - o.Beta1, beta2: o.Beta2, rest2: 1 - o.Beta2,
		step:    o.LearningRate / (1 - math.Pow(o.Beta1, float64(o.Step))),
		root:    math.Sqrt(1 - math.Pow(o.Beta2, float64(o.Step))),
		epsilon: o.Epsilon,
		keep:    1 - o.LearningRate*o.WeightDecay,
	}
}

// Update moves parameters p by their gradient g. States m and v are float32, the
// arithmetic between them float64. Elements are independent.
func (o AdamW) Update(p, g, m, v []float32) {
	c := o.constants()
	done := adamBlocks(p, g[:len(p)], m[:len(p)], v[:len(p)], &c)
	c.update(p[done:], g[done:], m[done:], v[done:])
}

func (c *adamConstants) update(p, g, m, v []float32) {
	for i := range p {
		grad := float64(float64(g[i]) * c.scale)
		first := float64(c.beta1*float64(m[i])) + float64(c.rest1*grad)
		second := float64(c.beta2*float64(v[i])) + float64(c.rest2*float64(grad*grad))
		m[i], v[i] = float32(first), float32(second)
		move := float64(c.step * (first / (math.Sqrt(second)/c.root + c.epsilon)))
		p[i] = float32(float64(float64(p[i])*c.keep) - move)
	}
}

// SGD is p ← p − lr·(scale·g) − lr·decay·p.
func SGD(p, g []float32, lr, decay, scale float64) {
	keep := 1 - lr*decay
	g = g[:len(p)]
	for i := range p {
		p[i] = float32(float64(float64(p[i])*keep) - float64(lr*float64(float64(g[i])*scale)))
	}
}

// SumSquares is Σ x² in float64: square i is added to lane i mod 8 in turn, the lanes
// by a fixed tree.
func SumSquares(x []float32) float64 {
	var l [8]float64
	for i, v := range x[squareBlocks(x, &l):] {
		l[i%8] += float64(float64(v) * float64(v))
	}
	return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
}
