package native

import "github.com/negativa-lab/negativa/internal/kernel"

// cache holds one sample's keys and values: per layer and key-value head, keys
// transposed [D, room], so that a score is a product like any other, then values
// [room, D].
type cache struct {
	data []float32
	room int // positions, in whole panels
}

// cache returns the i-th lane's cache with room for `longest` positions.
func (d *decoder) cache(i int, c Config, longest int) cache {
	room := padded(longest)
	for len(d.caches) <= i {
		d.caches = append(d.caches, nil)
	}
	grow(&d.caches[i], 2*c.Layers*c.keyWidth()*room)
	return cache{d.caches[i], room}
}

// head returns one head's keys and values.
func (k cache) head(layer, kv int, c Config) (keys, values []float32) {
	at := 2 * (layer*c.KVHeads + kv) * c.HeadDim * k.room
	keys = k.data[at : at+c.HeadDim*k.room]
	return keys, k.data[at+c.HeadDim*k.room : at+2*c.HeadDim*k.room]
}

// append stores one position's keys and values, [KV·D] each.
func (k cache) append(layer, place int, key, value []float32, c Config) {
	d := c.HeadDim
	for kv := range c.KVHeads {
		keys, values := k.head(layer, kv, c)
		for i, v := range key[kv*d : (kv+1)*d] {
			keys[i*k.room+place] = v
		}
		copy(values[place*d:], value[kv*d:(kv+1)*d])
	}
}

// fill stores a prompt.
func (k cache) fill(layers []rows, s span, c Config) {
	width := c.keyWidth()
	for i := range layers {
		for t := range s.rows {
			row := s.firstRow + t
			k.append(i, t, layers[i].k[row*width:(row+1)*width], layers[i].v[row*width:(row+1)*width], c)
		}
	}
}

// attend is the attention of one position over the n cached ones: element for element
// the operations that a row of the packed forward pass goes through.
func (k cache) attend(layer, n int, q, out []float32, c Config, scores *[]float32) {
	d, group, wide := c.HeadDim, c.groupSize(), padded(n)
	grow(scores, group*wide)
	p := *scores
	for kv := range c.KVHeads {
		keys, values := k.head(layer, kv, c)
		at := kv * group * d
		kernel.Gemm(p, wide, group, wide, d, kernel.Dense(q[at:], d), keys, k.room, false)
		for g := range group {
			softmaxScaled(p[g*wide:g*wide+n], scaleOf(c))
		}
		kernel.Gemm(out[at:], d, group, d, n, kernel.Dense(p, wide), values, d, false)
	}
}
