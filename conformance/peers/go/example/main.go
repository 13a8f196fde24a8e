// An example of the client: it asks for one book, and shows how an error is handled.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	inventoryv1 "bindery.internal/gen/go/bookstore/inventory/v1"
	"bindery.internal/peers/go/client"
)

func main() {
	connection, err := client.Connect(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	inventory := inventoryv1.NewInventoryServiceClient(connection)
	found, err := inventory.GetBook(context.Background(), &inventoryv1.GetBookRequest{BookId: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.GetBook().GetTitle())
	_, err = inventory.GetBook(context.Background(), &inventoryv1.GetBookRequest{})
	var refused *client.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Violations[0].Field, refused.Violations[0].Rule)
	}
}
