package native

import "github.com/negativa-lab/negativa/internal/kernel"

// cache holds keys and values of consecutive positions. Per layer: the keys of each
// key-value head as panels of positions, so that a score is a product like any other, and
// no panel is read before it holds a position; then values [room, KV·D].
type cache struct {
	data []float32
	room int // positions, in whole panels
}

func cacheNumbers(c Config, positions int) int {
	return 2 * c.Layers * c.keyWidth() * padded(positions)
}

// reserve makes room for some positions. What was there is lost.
func (k *cache) reserve(c Config, positions int) {
	k.room = padded(positions)
	kernel.Resize(&k.data, cacheNumbers(c, positions))
}

// layer returns a layer's keys and values.
func (k *cache) layer(layer int, c Config) (keys, values []float32) {
	n := c.keyWidth() * k.room
	both := k.data[2*layer*n : 2*(layer+1)*n]
	return both[:n], both[n:]
}

// head is one head's keys among a layer's, [D, room].
func (k *cache) head(keys []float32, kv int, c Config) kernel.Packed {
	n := c.HeadDim * k.room
	return kernel.Panels(keys[kv*n:(kv+1)*n], c.HeadDim, k.room)
}

// store keeps keys and values, [n, KV·D] each, of positions place … place+n−1.
func (k *cache) store(layer, place, n int, key, value []float32, c Config) {
	keys, values := k.layer(layer, c)
	copy(values[place*c.keyWidth():], value[:n*c.keyWidth()])
	for i := range n {
		k.storeKey(keys, place+i, key[i*c.keyWidth():(i+1)*c.keyWidth()], c)
	}
}

// storeKey puts a position's key in its column of each head's panels.
func (k *cache) storeKey(keys []float32, place int, key []float32, c Config) {
	panel := place / kernel.Panel * c.HeadDim * kernel.Panel
	for kv := range c.KVHeads {
		column := keys[kv*c.HeadDim*k.room+panel+place%kernel.Panel:]
		for i, v := range key[kv*c.HeadDim : (kv+1)*c.HeadDim] {
			column[i*kernel.Panel] = v
		}
	}
}

// attend is the attention of one new position of each of some lanes that share a
// prompt: element for element the operations that a row of the packed forward pass goes
// through. q and out are [lanes, H·D].
func attend(layer int, lanes []*lane, q, out []float32, c Config, scratch *[]float32) {
	prompt := lanes[0].prefix
	wide := padded(prompt.length)
	for _, l := range lanes {
		wide = max(wide, padded(prompt.length+padded(l.own())))
	}
	s := scores{q: q, out: out, config: c, wide: wide}
	kernel.Resize(scratch, len(lanes)*c.Heads*wide)
	s.data = *scratch

	// Scores are written in whole panels: what lies behind the prompt's keys is
	// overwritten by the lane's own, and what lies behind those is not seen.
	keys, values := prompt.cache.layer(layer, c)
	for h := range c.Heads {
		head := prompt.cache.head(keys, h/c.groupSize(), c)
		kernel.GemmPanels(s.of(0, h), c.Heads*wide, len(lanes), kernel.Dense(q, c.queryWidth()).From(0, h*c.HeadDim), &head, 0, head.Panels(), false)
	}
	for i, l := range lanes {
		s.own(i, l, layer, prompt.length)
	}
	for h := range c.Heads {
		at := h / c.groupSize() * c.HeadDim
		kernel.Gemm(out[h*c.HeadDim:], c.queryWidth(), len(lanes), c.HeadDim, prompt.length, kernel.Dense(s.of(0, h), c.Heads*wide), values[at:], c.keyWidth(), false)
	}
	for i, l := range lanes {
		s.addOwn(i, l, layer, prompt.length)
	}
}

// scores are [lanes, H, wide]: a lane's heads', to the prompt's positions and then to its own.
type scores struct {
	data, q, out []float32
	config       Config
	wide         int
}

func (s *scores) of(lane, head int) []float32 {
	return s.data[(lane*s.config.Heads+head)*s.wide:]
}

// own scores a lane's own positions, for all query heads of a key-value head at once, and
// makes probabilities of what it sees.
func (s *scores) own(i int, l *lane, layer, prompt int) {
	c, group := s.config, s.config.groupSize()
	keys, _ := l.cache.layer(layer, c)
	for kv := range c.KVHeads {
		head := l.cache.head(keys, kv, c)
		query := kernel.Dense(s.q[i*c.queryWidth()+kv*group*c.HeadDim:], c.HeadDim)
		kernel.GemmPanels(s.of(i, kv*group)[prompt:], s.wide, group, query, &head, 0, padded(l.own())/kernel.Panel, false)
	}
	kernel.Causal{Stride: s.wide, Rows: c.Heads, Seen: prompt + l.own(), Wide: padded(prompt + l.own())}.Softmax(s.of(i, 0), scaleOf(c))
}

// addOwn adds what a lane attends to among its own positions.
func (s *scores) addOwn(i int, l *lane, layer, prompt int) {
	c, group := s.config, s.config.groupSize()
	_, values := l.cache.layer(layer, c)
	for kv := range c.KVHeads {
		probabilities := kernel.Dense(s.of(i, kv*group)[prompt:], s.wide)
		at := i*c.queryWidth() + kv*group*c.HeadDim
		kernel.Gemm(s.out[at:], c.HeadDim, group, c.HeadDim, l.own(), probabilities, values[kv*c.HeadDim:], c.keyWidth(), true)
	}
}
