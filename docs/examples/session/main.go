// Command session begins a session and resumes it, as any replica with this secret and this Redis
// can.
package main

import (
	"context"
	"log"
	"os"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func main() {
	ring := must(seal.New([]byte(os.Getenv("GATEWAY_SECRET"))))
	store := must(redisstore.Open(os.Getenv("GATEWAY_REDIS_URL"), redisstore.Options{}))
	table := must(session.NewTable(session.Options{Sealer: ring.Sealer("session id"), Records: store.Sessions()}))
	begun := must(table.Create(context.Background(), session.Info{Subject: "ann", Version: "2025-11-25"}))
	resumed := must(table.Resume(context.Background(), begun.ID, "ann"))
	log.Println(resumed.Subject, resumed.Born)
}
