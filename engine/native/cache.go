package native

import "github.com/negativa-lab/negativa/internal/kernel"

// cache holds keys and values of consecutive positions: per layer and key-value head,
// keys transposed [D, room], so that a score is a product like any other, then values
// [room, D].
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

// head returns one head's keys and values.
func (k *cache) head(layer, kv int, c Config) (keys, values []float32) {
	at := 2 * (layer*c.KVHeads + kv) * c.HeadDim * k.room
	keys = k.data[at : at+c.HeadDim*k.room]
	return keys, k.data[at+c.HeadDim*k.room : at+2*c.HeadDim*k.room]
}

// store keeps keys and values, [n, KV·D] each, of positions place … place+n−1.
func (k *cache) store(layer, place, n int, key, value []float32, c Config) {
	d, width := c.HeadDim, c.keyWidth()
	for kv := range c.KVHeads {
		keys, values := k.head(layer, kv, c)
		kernel.Transpose(keys[place:], k.room, key[kv*d:], width, n, d)
		for i := range n {
			copy(values[(place+i)*d:(place+i+1)*d], value[i*width+kv*d:])
		}
	}
}

// attend is the attention of one new position of each of some lanes that share a
// prompt: element for element the operations that a row of the packed forward pass goes
// through. q and out are [lanes, H·D].
func attend(layer int, lanes []*lane, q, out []float32, c Config, scores *[]float32) {
	d, group, prompt := c.HeadDim, c.groupSize(), lanes[0].prefix
	wide := padded(prompt.length)
	for _, l := range lanes {
		wide = max(wide, prompt.length+padded(l.own()))
	}
	kernel.Resize(scores, len(lanes)*group*wide)
	p := *scores
	for kv := range c.KVHeads {
		keys, values := prompt.cache.head(layer, kv, c)
		// Scores are written in whole panels: what lies behind the prompt's keys is
		// overwritten by the lane's own, what lies behind those is not read.
		for g := range group { // one query head of all lanes
			query := kernel.Dense(q, c.queryWidth()).From(0, (kv*group+g)*d)
			kernel.Gemm(p[g*wide:], group*wide, len(lanes), padded(prompt.length), d, query, keys, prompt.cache.room, false)
		}
		for i, l := range lanes { // all query heads of one lane
			own, _ := l.cache.head(layer, kv, c)
			rows := p[i*group*wide : (i+1)*group*wide]
			kernel.Gemm(rows[prompt.length:], wide, group, padded(l.own()), d, kernel.Dense(q[i*c.queryWidth()+kv*group*d:], d), own, l.cache.room, false)
			for g := range group {
				softmaxScaled(rows[g*wide:g*wide+prompt.length+l.own()], scaleOf(c))
			}
		}
		for g := range group {
			kernel.Gemm(out[(kv*group+g)*d:], c.queryWidth(), len(lanes), d, prompt.length, kernel.Dense(p[g*wide:], group*wide), values, d, false)
		}
		for i, l := range lanes {
			_, own := l.cache.head(layer, kv, c)
			kernel.Gemm(out[i*c.queryWidth()+kv*group*d:], d, group, d, l.own(), kernel.Dense(p[i*group*wide+prompt.length:], wide), own, d, true)
		}
	}
}
