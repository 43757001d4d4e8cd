package serve

import (
	_ "embed" // for the document
	"net/http"
)

//go:embed openapi.json
var openAPI []byte

func showOpenAPI(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI) // a client that has gone is no failure
	return nil
}
