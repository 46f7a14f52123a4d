// A static program that keeps a connection: keeper NAME
// Prints what keeper.py does. Static Go programs read /etc/hosts and DNS by themselves, and try the
// addresses that they find in turn.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

func say(word string, text any) {
	line := strings.TrimSpace(fmt.Sprint(text))
	fmt.Printf("%.6f %s %s\n", float64(time.Now().UnixMicro())/1e6, word, line)
}

func ask(name string, path string) (*bufio.Reader, error) {
	connection, err := net.Dial("tcp", name+":8080")
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, name)
	return bufio.NewReader(connection), err
}

func main() {
	download, err := ask(os.Args[1], "/stream")
	for holding := false; err == nil; {
		_, err = download.ReadString('\n')
		if !holding {
			say("holding", "a download")
			holding = true
		}
	}
	say("error", err)
	answer, err := ask(os.Args[1], "/")
	last := ""
	for err == nil && !strings.HasPrefix(last, "10.") {
		last, err = answer.ReadString('\n')
	}
	if err != nil {
		say("error", err)
	}
	say("next", last)
}
