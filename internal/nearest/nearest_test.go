package nearest

import "testing"

func TestTo(t *testing.T) {
	known := []string{"learning_rate", "lambda", "lam", "beta"}
	for name, want := range map[string]string{
		"learning_rat": "learning_rate", "lamda": "lambda", "betta": "beta", "lam": "lam", "": "lam", "BETA": "beta",
	} {
		if got := To(name, known); got != want {
			t.Errorf("To(%q) = %q, want %q", name, got, want)
		}
	}
}
