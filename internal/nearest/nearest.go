// Package nearest finds what a mistyped name was meant to be.
package nearest

import (
	"cmp"
	"slices"
	"strings"
)

// To returns the known name at the smallest edit distance (Levenshtein's, over bytes,
// upper and lower case alike), the first among equals; known must not be empty.
func To(name string, known []string) string {
	name = strings.ToLower(name)
	return slices.MinFunc(known, func(a, b string) int {
		return cmp.Compare(distance(name, strings.ToLower(a)), distance(name, strings.ToLower(b)))
	})
}

func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
