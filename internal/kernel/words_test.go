package kernel

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Every instruction that neon_arm64.h gives as a word is the one that its mnemonic
// names, by another assembler.
func TestWordsAreTheirMnemonics(t *testing.T) {
	const assembler = "aarch64-linux-gnu-as"
	if _, err := exec.LookPath(assembler); err != nil {
		t.Skipf("comparing the words needs %s", assembler)
	}
	text, err := os.ReadFile("neon_arm64.h")
	if err != nil {
		t.Fatal(err)
	}
	defines := regexp.MustCompile(`(?m)^#define (\w+)\(.*\) WORD \$\((.*)\) // (.*)$`).FindAllStringSubmatch(string(text), -1)
	if words := strings.Count(string(text), "WORD"); words == 0 || len(defines) != words {
		t.Fatalf("%d of %d words stand on a line with their mnemonic", len(defines), words)
	}
	// Registers that differ in every bit from one choice to the other: no place is missed.
	for _, register := range []map[string]uint32{{"d": 0b10101, "n": 0b01001, "m": 0b00111}, {"d": 0b01010, "n": 0b10110, "m": 0b11000}} {
		var source strings.Builder
		for _, define := range defines {
			fmt.Fprintln(&source, regexp.MustCompile(`\b[dnm]\.`).ReplaceAllStringFunc(define[3], func(name string) string {
				return fmt.Sprintf("v%d.", register[name[:1]])
			}))
		}
		want := assemble(t, assembler, source.String())
		for i, define := range defines {
			if got := word(t, define[2], register); got != binary.LittleEndian.Uint32(want[4*i:]) {
				t.Errorf("%s is %08x, which is not %s", define[1], got, define[3])
			}
		}
	}
}

// word is the value of terms such as 0x4e20d400 | m<<16 | n<<5 | d.
func word(t *testing.T, terms string, register map[string]uint32) (bits uint32) {
	t.Helper()
	for term := range strings.SplitSeq(terms, " | ") {
		name, places, _ := strings.Cut(term, "<<")
		if number, ok := register[name]; ok {
			shift, _ := strconv.Atoi(places)
			bits |= number << shift
			continue
		}
		number, err := strconv.ParseUint(term, 0, 32)
		if err != nil {
			t.Fatal(err)
		}
		bits |= uint32(number)
	}
	return bits
}

func assemble(t *testing.T, assembler, source string) []byte {
	t.Helper()
	object := filepath.Join(t.TempDir(), "words.o")
	run := exec.Command(assembler, "-o", object, "-")
	run.Stdin = strings.NewReader(source)
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	file, err := elf.Open(object)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	code, err := file.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	return code
}
