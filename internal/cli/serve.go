package cli

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"time"

	"github.com/negativa-lab/negativa/internal/serve"
	"github.com/negativa-lab/negativa/verify"
)

type serveCommand struct {
	Listen      string        `name:"listen" default:"127.0.0.1:8000" help:"Address and port; port 0: any that is free."`
	Mode        string        `name:"mode" default:"math" help:"How answers are found and compared: ${modes}."`
	Token       string        `name:"token" env:"NEGATIVA_TOKEN" help:"Token that requests must bear. The environment keeps it from the list of processes."`
	Insecure    bool          `name:"insecure" help:"Serve others than this machine without a token."`
	MaxBody     int64         `name:"max-body" default:"16777216" help:"Bytes of a request."`
	Timeout     time.Duration `name:"timeout" default:"60s" help:"Time from a request to its answer."`
	Concurrency int           `name:"concurrency" default:"256" help:"Requests at once; more are told to come again in a second (503)."`
	Threads     int           `name:"threads" default:"0" help:"Answers graded at once; 0: one for each CPU."`
}

// Help is what `negativa serve --help` says beside the flags.
func (c *serveCommand) Help() string {
	return `A reward server. Scores are 1.0 for a right answer and 0.0 for one that is wrong or
absent. Unparsed gold and over budget have none: null at /v1/grade, status 422 in the
trainers' shapes. A failure is an HTTP error, never a score.

  POST /v1/grade       {"gold", "response", "id"} or {"items": [...]}
  POST /get_reward     what OpenRLHF sends to its remote reward URL
  POST /compute_score  the arguments of a verl reward function, one or a list
  GET  /healthz /metrics /openapi.json

The token comes as Authorization: Bearer TOKEN, or, from clients that cannot set a
header, in the address: http://any:TOKEN@host:8000/get_reward. There is no TLS: put a
proxy before it where the network is not yours. SIGINT and SIGTERM finish what is
running and take nothing new.

Example:  negativa serve &
          curl -d '{"gold": "1/2", "response": "So \\boxed{0.5}."}' http://127.0.0.1:8000/v1/grade`
}

func (c *serveCommand) Run(a *app) error {
	verifier, err := verify.New(c.Mode)
	if err != nil {
		return badInput(err)
	}
	if err := c.checkAddress(); err != nil {
		return badInput(err)
	}
	workers := c.Threads
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	server, err := serve.New(serve.Options{
		Grade: verifier.Grade, Mode: c.Mode, Token: c.Token, MaxBody: c.MaxBody, Timeout: c.Timeout,
		Concurrency: c.Concurrency, Workers: workers, Log: a.log,
	})
	if err != nil {
		return badInput(err)
	}
	listener, err := new(net.ListenConfig).Listen(a.ctx, "tcp", c.Listen)
	if err != nil {
		return badInput(fmt.Errorf("serve on %s: %w: name a free port with --listen", c.Listen, err))
	}
	a.log.Info("serving", "on", "http://"+listener.Addr().String(), "mode", c.Mode, "token", c.Token != "")
	if err := server.Serve(a.ctx, listener); err != nil {
		return err
	}
	a.log.Info("stopped: every request that was taken is answered")
	return nil
}

// checkAddress refuses to grade for strangers by accident.
func (c *serveCommand) checkAddress() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen %s: it must be an address and a port, as in 127.0.0.1:8000: %w", c.Listen, err)
	}
	ip := net.ParseIP(host)
	if c.Token != "" || c.Insecure || host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return errors.New("--listen " + c.Listen + " can be reached by others than this machine, and there is no token: set NEGATIVA_TOKEN, or say --insecure")
}
