package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/negativa-lab/negativa"
)

// bpe is a byte-pair encoding (Sennrich et al., 1508.07909): a piece begins as symbols, of
// which the pair that comes first in the list of merges is joined, the leftmost first, until
// none is in the list.
type bpe struct {
	vocab        map[string]negativa.Token
	merges       pairs
	ignoreMerges bool // ignore_merges: a piece that is a token is that token
	byteLevel    bool
	bytes        [256]negativa.Token // byte-level: the symbol of each byte; -1: none. Else with fallback: <0xNN>
	fallback     bool                // bytes stand for characters without a token
	unknown      negativa.Token      // for characters without a token; -1: none
	fuse         bool                // one for a run of them
}

// pairs maps two neighbours to their merge: a hash table with open addressing, as it is
// asked several times for every byte of text.
type pairs struct {
	keys   []uint64 // left<<32 | right, +1: zero is an empty place
	values []merge
	n      int
}

// merge is a pair's place in the list and the token that it becomes.
type merge struct{ rank, id int32 }

func newPairs(n int) pairs {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return pairs{keys: make([]uint64, size), values: make([]merge, size)}
}

func pairKey(left, right negativa.Token) uint64 {
	return uint64(uint32(left))<<32 | uint64(uint32(right)) + 1
}

func (p *pairs) place(key uint64) int {
	i := int(key*0x9e3779b97f4a7c15>>32) & (len(p.keys) - 1)
	for p.keys[i] != 0 && p.keys[i] != key {
		i = (i + 1) & (len(p.keys) - 1)
	}
	return i
}

// add keeps the first merge of a pair.
func (p *pairs) add(left, right negativa.Token, m merge) {
	key := pairKey(left, right)
	i := p.place(key)
	if p.keys[i] == 0 {
		p.keys[i], p.values[i] = key, m
		p.n++
	}
}

func (p *pairs) find(left, right negativa.Token) (merge, bool) {
	i := p.place(pairKey(left, right))
	return p.values[i], p.keys[i] != 0
}

// symbol is a part of a piece; parts make a list that is linked both ways.
type symbol struct {
	id         negativa.Token // -1: merged into the one before
	next, prev int32
}

// merger encodes pieces in memory that is used again.
type merger struct {
	symbols []symbol
	queue   queue
}

// shortPiece is up to how many symbols it is faster to look at all pairs again than to keep
// them in a queue.
const shortPiece = 24

func (m *merger) encode(b *bpe, piece string, offset int, out []negativa.Token) ([]negativa.Token, error) {
	if b.ignoreMerges {
		if id, ok := b.token(piece); ok {
			return append(out, id), nil
		}
	}
	if err := m.begin(b, piece, offset); err != nil {
		return out, err
	}
	switch {
	case b.merges.n == 0:
	case len(m.symbols) <= shortPiece:
		m.mergeShort(b)
	default:
		m.mergeLong(b)
	}
	for i := int32(0); i >= 0 && int(i) < len(m.symbols); i = m.symbols[i].next {
		out = append(out, m.symbols[i].id)
	}
	return out, nil
}

// begin makes the symbols of a piece.
func (m *merger) begin(b *bpe, piece string, offset int) error {
	m.symbols = m.symbols[:0]
	if b.byteLevel {
		for i := range len(piece) {
			id := b.bytes[piece[i]]
			if id < 0 {
				return fmt.Errorf("the vocabulary has no token for byte %#02x (byte %d)", piece[i], offset+i)
			}
			m.push(id)
		}
		return m.link()
	}
	unknown := false
	for i, r := range piece {
		size := max(1, utf8.RuneLen(r))
		if r == utf8.RuneError && piece[i] != 0xef {
			size = 1
		}
		char := piece[i : i+size]
		id, ok := b.vocab[char]
		switch {
		case ok:
			m.push(id)
		case b.fallback && b.hasBytes(char):
			for j := range len(char) {
				m.push(b.bytes[char[j]])
			}
		case b.unknown >= 0:
			if !unknown || !b.fuse {
				m.push(b.unknown)
			}
			unknown = true
			continue
		default:
			return fmt.Errorf("the vocabulary has no %q (byte %d)", r, offset+i)
		}
		unknown = false
	}
	return m.link()
}

func (b *bpe) hasBytes(char string) bool {
	for i := range len(char) {
		if b.bytes[char[i]] < 0 {
			return false
		}
	}
	return true
}

func (m *merger) push(id negativa.Token) { m.symbols = append(m.symbols, symbol{id: id}) }

func (m *merger) link() error {
	for i := range m.symbols {
		m.symbols[i].prev, m.symbols[i].next = int32(i-1), int32(i+1)
	}
	if last := len(m.symbols) - 1; last >= 0 {
		m.symbols[last].next = -1
	}
	return nil
}

// mergeShort looks for the best pair again and again.
func (m *merger) mergeShort(b *bpe) {
	s := m.symbols
	for {
		best, at := merge{rank: -1}, int32(-1)
		for i := int32(0); s[i].next >= 0; i = s[i].next {
			if found, ok := b.merges.find(s[i].id, s[s[i].next].id); ok && (at < 0 || found.rank < best.rank) {
				best, at = found, i
			}
		}
		if at < 0 {
			return
		}
		m.join(at, best.id)
	}
}

// join makes symbol i and the one after it one.
func (m *merger) join(i int32, id negativa.Token) {
	s := m.symbols
	gone := s[i].next
	s[i].id, s[i].next = id, s[gone].next
	if next := s[gone].next; next >= 0 {
		s[next].prev = i
	}
	s[gone].id = -1
}

// mergeLong keeps the pairs in a queue, the first to be merged in front.
func (m *merger) mergeLong(b *bpe) {
	s := m.symbols
	m.queue = m.queue[:0]
	offer := func(i int32) {
		if i < 0 || s[i].next < 0 {
			return
		}
		left, right := s[i].id, s[s[i].next].id
		if found, ok := b.merges.find(left, right); ok {
			m.queue.push(pair{found, i, left, right})
		}
	}
	for i := range s {
		offer(int32(i))
	}
	for len(m.queue) > 0 {
		p := m.queue.pop()
		if s[p.at].id != p.left || s[p.at].next < 0 || s[s[p.at].next].id != p.right {
			continue // one of the two has been merged since
		}
		m.join(p.at, p.id)
		offer(s[p.at].prev)
		offer(p.at)
	}
}

// pair is two neighbours that can be merged.
type pair struct {
	merge
	at          int32
	left, right negativa.Token
}

func (p *pair) before(q *pair) bool { return p.rank < q.rank || p.rank == q.rank && p.at < q.at }

// queue is a binary heap: the pair to be merged first is in front.
type queue []pair

func (q *queue) push(p pair) {
	h := append(*q, p)
	i := len(h) - 1
	for parent := (i - 1) / 2; i > 0 && p.before(&h[parent]); parent = (i - 1) / 2 {
		h[i], i = h[parent], parent
	}
	h[i] = p
	*q = h
}

func (q *queue) pop() pair {
	h := *q
	first, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	for i := 0; ; {
		child := 2*i + 1
		if child+1 < len(h) && h[child+1].before(&h[child]) {
			child++
		}
		if child >= len(h) || last.before(&h[child]) {
			if i < len(h) {
				h[i] = last
			}
			break
		}
		h[i], i = h[child], child
	}
	*q = h
	return first
}

// seams knows which characters never stand side by side within a token: no merge goes across
// them, so a text can be cut there and its pieces merged alone. It may take others for such
// that do, which only makes pieces longer.
type seams [1 << 10]uint64

func (s *seams) bit(left, right rune) (word *uint64, mask uint64) {
	n := (uint32(left)*0x9e3779b1 ^ uint32(right)*0x85ebca6b) >> 16
	return &s[n>>6], 1 << (n & 63)
}

// newSeams is nil where tokens do not show which characters they were merged from.
func newSeams(b *bpe) *seams {
	if !b.fallback || !b.hasBytes(string(allBytes())) {
		return nil
	}
	s := new(seams)
	for piece := range b.vocab {
		last := rune(-1)
		for _, r := range piece {
			if last >= 0 {
				word, mask := s.bit(last, r)
				*word |= mask
			}
			last = r
		}
		if _, isByte := byteOf(piece); !isByte && strings.Contains(piece, "<0x") {
			return nil
		}
	}
	return s
}

func allBytes() []byte {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return all
}

// split is a splitter.
func (s *seams) split(text string) int {
	last := rune(-1)
	for i, r := range text {
		if last >= 0 {
			if word, mask := s.bit(last, r); *word&mask == 0 {
				return i
			}
		}
		last = r
	}
	return len(text)
}

// token is the token that a whole piece is, in the letters of the vocabulary.
func (b *bpe) token(piece string) (negativa.Token, bool) {
	if b.byteLevel {
		piece = lettersOf(piece)
	}
	id, ok := b.vocab[piece]
	return id, ok
}
