.PHONY: test bench bench-peers

test:
	go test ./...

bench:
	go run ./cmd/negativa bench

# WORKS="train/5m gemm" narrows it; bench/peers/README.md tells what it installs.
bench-peers:
	python3 bench/peers/run.py $(WORKS)
