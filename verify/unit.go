package verify

import (
	"regexp"
	"slices"
	"strings"
)

// units lists the spellings of each unit; the first one is its name.
var units = [][]string{
	{"m", "meter", "metre"},
	{"cm", "centimeter", "centimetre"},
	{"mm", "millimeter", "millimetre"},
	{"km", "kilometer", "kilometre"},
	{"in", "inch", "inche"},
	{"ft", "foot", "feet"},
	{"yd", "yard"},
	{"mi", "mile"},
	{"nm", "nanometer"},
	{"dm", "decimeter"},
	{"s", "sec", "second"},
	{"min", "minute"},
	{"h", "hr", "hour"},
	{"day"},
	{"week"},
	{"month"},
	{"year", "yr"},
	{"ms", "millisecond"},
	{"g", "gram"},
	{"kg", "kilogram"},
	{"mg", "milligram"},
	{"lb", "pound"},
	{"oz", "ounce"},
	{"ton", "tonne"},
	{"l", "liter", "litre"},
	{"ml", "milliliter", "millilitre"},
	{"gal", "gallon"},
	{"qt", "quart"},
	{"pt", "pint"},
	{"cup"},
	{"tsp", "teaspoon"},
	{"tbsp", "tablespoon"},
	{"$", "dollar", "usd", "buck"},
	{"¢", "cent"},
	{"€", "euro", "eur"},
	{"£", "gbp"},
	{"¥", "yuan", "yen", "rmb"},
	{"rupee"},
	{"mph"},
	{"kph", "kmh"},
	{"hz", "hertz"},
	{"j", "joule"},
	{"w", "watt"},
	{"kw", "kilowatt"},
	{"v", "volt"},
	{"n", "newton"},
	{"pa", "pascal"},
	{"k", "kelvin"},
	{"mol", "mole"},
	{"°", "deg", "degree"},
	{"rad", "radian"},
	{"%", "percent", "pct", "percentage"},
	{"acre"},
	{"hectare", "ha"},
	{"dozen"},
	{"bit"},
	{"byte"},
	{"celsius"},
	{"fahrenheit"},
	{"nickel"},
	{"dime"},
	{"quarter"},
	{"penny", "pennie"},
	{"unit"},
}

var unitNames = func() map[string]string {
	names := map[string]string{}
	for _, spellings := range units {
		for _, s := range spellings {
			names[s] = spellings[0]
		}
	}
	return names
}()

// knownUnit tells whether a run of letters is a unit of two letters or more.
func knownUnit(run string) bool {
	return len(run) > 1 && isUnit(run)
}

func singular(w string) string {
	if _, known := unitNames[w]; known {
		return w
	}
	if len(w) > 2 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") {
		return w[:len(w)-1]
	}
	return w
}

var (
	synonymous = strings.NewReplacer("mi / h", "mph", "km / h", "kph", "° celsius", "celsius", "° fahrenheit", "fahrenheit")
	unitWord   = regexp.MustCompile(`[A-Za-z]+|[/^%$€£¥¢°]|-?\d+`)
	unitFiller = []string{"the", "of", "a", "an", "in", "or", "is", "are", "approximately", "about", "exactly", "only", "u", "total", "distinct", "different", "possible", "more", "left", "each"}
)

// unitForm brings the many ways of writing a unit together: "square centimeters", "sq. cm"
// and "cm^2" are cm^2.
func unitForm(s string) string {
	if s == "" || strings.HasPrefix(s, "mod ") {
		return s
	}
	var out []string
	power := ""
	parts := unitWord.FindAllString(strings.ToLower(s), -1)
	for i := 0; i < len(parts); i++ {
		w := parts[i]
		switch {
		case w == "square" || w == "sq":
			power = "^2"
		case w == "cubic" || w == "cu":
			power = "^3"
		case w == "per" || w == "/":
			out = append(out, "/")
		case w == "squared" && len(out) > 0:
			out[len(out)-1] += "^2"
		case w == "cubed" && len(out) > 0:
			out[len(out)-1] += "^3"
		case w == "^" && i+1 < len(parts) && len(out) > 0:
			i++
			out[len(out)-1] += "^" + parts[i]
		case w == "in" && (i+1 == len(parts) || parts[i+1] == "^"):
			out = append(out, w+power)
			power = ""
		case slices.Contains(unitFiller, w), w == "^", len(w) > 0 && (isDigit(w[0]) || w[0] == '-'):
		default:
			w = singular(w)
			if name, ok := unitNames[w]; ok {
				w = name
			}
			out = append(out, w+power)
			power = ""
		}
	}
	if power != "" {
		out = append(out, "unit"+power)
	}
	return synonymous.Replace(strings.Join(out, " "))
}

func joinUnit(x, y string) string {
	switch {
	case x == "":
		return y
	case y == "":
		return x
	}
	return x + " " + y
}

// sameUnit tells whether two units are the same, or one is missing. A noun that is no
// unit agrees with another that shares a word with it.
func sameUnit(x, y string) bool {
	x, y = unitForm(x), unitForm(y)
	if x == "" || y == "" || x == y || x == "unit" || y == "unit" {
		return true
	}
	if strings.HasPrefix(x, "mod ") || strings.HasPrefix(y, "mod ") {
		return false
	}
	if x == "°" && isTemperature(y) || y == "°" && isTemperature(x) {
		return true
	}
	if strings.HasPrefix(x, "unit^") || strings.HasPrefix(y, "unit^") {
		return dimension(x) == dimension(y)
	}
	if hasUnit(x) || hasUnit(y) {
		return strings.ReplaceAll(x, " ", "") == strings.ReplaceAll(y, " ", "") || onlyUnits(x) == onlyUnits(y) && onlyUnits(x) != ""
	}
	for w := range strings.FieldsSeq(x) {
		if slices.Contains(strings.Fields(y), w) {
			return true
		}
	}
	return false
}

func isTemperature(unit string) bool { return unit == "celsius" || unit == "fahrenheit" }

// isUnit tells whether a word is a unit.
func isUnit(w string) bool { return unitNames[singular(strings.ToLower(w))] != "" }

// dimension is the power of a unit: ^2 of an area.
func dimension(unit string) string {
	_, power, _ := strings.Cut(unit, "^")
	return power
}

func hasUnit(s string) bool { return onlyUnits(s) != "" }

// onlyUnits drops the nouns of a unit: "$ profit" is "$".
func onlyUnits(s string) string {
	var out []string
	for w := range strings.FieldsSeq(s) {
		base, _, _ := strings.Cut(w, "^")
		if w == "/" || unitNames[base] != "" {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}
