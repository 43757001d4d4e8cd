package task

// families are those that New knows.
var families = map[string]kind{
	"boolean": {
		newBoolean,
		[]string{"operators=3", "operators=4", "operators=5", "operators=6", "operators=7"},
		"rewrite a boolean expression until one bit is left",
	},
	"brackets": {
		newBrackets,
		[]string{"pairs=7,more=4", "pairs=8,more=6", "pairs=9,more=8", "pairs=10,more=10"},
		"complete a row of brackets so that it is balanced",
	},
	"caesar": {
		newCaesar,
		[]string{"letters=4", "letters=6", "letters=8", "letters=12", "letters=16"},
		"move every letter on by a number of places",
	},
	"chain": {
		newChain,
		[]string{"terms=2,max=50", "terms=3,max=50", "terms=4,max=50", "terms=5,max=50", "terms=6,max=99"},
		"calculate from left to right, step by step",
	},
	"coins": {
		newCoins,
		[]string{"coins=3,max=16", "coins=4,max=20", "coins=5,max=30", "coins=6,max=60"},
		"pay an amount with the fewest coins",
	},
	"colouring": {
		newColouring,
		[]string{"nodes=6,edges=7", "nodes=6,edges=9", "nodes=7,edges=11", "nodes=8,edges=13"},
		"colour a graph with three colours",
	},
	"countdown": {
		newCountdown,
		[]string{"numbers=2,max=50,target=99,answers=1", "numbers=3,max=12", "numbers=3,max=24", "numbers=4,max=12", "numbers=4,max=24"},
		"reach a target with + - * /, using every number once",
	},
	"gcd": {
		newGCD,
		[]string{"max=80", "max=200", "max=500", "max=999"},
		"find the greatest common divisor with Euclid's algorithm",
	},
	"knight": {
		newKnight,
		[]string{"moves=2", "moves=3", "moves=4", "moves=5"},
		"move a knight from one square to another in the fewest moves",
	},
	"linear": {
		newLinear,
		[]string{"max=15", "max=40", "max=99"},
		"solve a linear equation in two steps",
	},
	"methods": {
		newMethods,
		[]string{"factors=2,max=99", "factors=2,max=999", "factors=3,max=99", "factors=3,max=999"},
		"multiply, saying by which method; tokens are strategy or execution",
	},
	"modular": {
		newModular,
		[]string{"terms=2,modulus=20", "terms=3,modulus=20", "terms=4,modulus=20", "terms=5,modulus=50", "terms=6,modulus=99"},
		"calculate from left to right modulo a number",
	},
	"parity": {
		newParity,
		[]string{"bits=12", "bits=16", "bits=20", "bits=26", "bits=32"},
		"say of every beginning of a row of bits whether it has an odd number of ones",
	},
	"paths": {
		newPaths,
		[]string{"nodes=4,edges=6", "nodes=5,edges=8", "nodes=6,edges=10", "nodes=7,edges=13", "nodes=8,edges=16"},
		"walk through a directed graph without visiting a node twice",
	},
	"radix": {
		newRadix,
		[]string{"max=400,radix=9", "max=999,radix=9", "max=999,radix=6", "max=999,radix=4"},
		"write a number in another base",
	},
	"reverse": {
		newReverse,
		[]string{"letters=4", "letters=6", "letters=8", "letters=12", "letters=16"},
		"write a word backwards",
	},
	"sequence": {
		newSequence,
		[]string{"degree=1,max=60", "degree=2,max=20", "degree=2,max=60", "degree=3,max=20"},
		"continue a sequence by its differences",
	},
	"sorting": {
		newSorting,
		[]string{"numbers=4,max=20", "numbers=5,max=50", "numbers=7,max=99", "numbers=9,max=99", "numbers=12,max=99"},
		"put numbers in order",
	},
	"subset": {
		newSubset,
		[]string{"numbers=5,max=12", "numbers=6,max=20", "numbers=8,max=30", "numbers=10,max=40"},
		"choose numbers with a given sum",
	},
}
