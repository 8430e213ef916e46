package protocol_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hubwire/signalr/hubs/protocol"
)

// A server reads what a client sent: first the handshake, then frames.
func Example() {
	received := []byte(`{"protocol":"json","version":1}` + "\x1e" +
		`{"type":1,"invocationId":"1","target":"Add","arguments":[2,3]}` + "\x1e")

	payload, rest, _ := protocol.SplitHandshake(received)
	request, err := protocol.ParseHandshakeRequest(payload)
	fmt.Println(request.Protocol, request.Version, err)

	var p protocol.Protocol = protocol.JSON{} // the one that was asked for
	payload, rest, ok, err := p.Split(rest)
	fmt.Println(len(rest), ok, err)

	var m protocol.Message
	if err := p.Parse(payload, &m); err != nil {
		fmt.Println(err)
	}
	var a, b int
	fmt.Println(p.Unmarshal(m.Arguments[0], &a), p.Unmarshal(m.Arguments[1], &b))

	answer := protocol.AppendHandshakeResponse(nil, "")
	answer, err = p.AppendResult(answer, m.InvocationID, a+b)
	fmt.Println(strings.ReplaceAll(string(answer), "\x1e", "<RS>"), err)
	// Output:
	// json 1 <nil>
	// 0 true <nil>
	// <nil> <nil>
	// {}<RS>{"type":3,"invocationId":"1","result":5}<RS> <nil>
}

// show writes v as the item of a stream, without the frame around it.
func show(p protocol.Protocol, v any) {
	frame, err := p.AppendStreamItem(nil, "1", v)
	if err != nil {
		fmt.Println(err)
		return
	}
	payload, _, _, _ := p.Split(frame)
	var m protocol.Message
	if err := p.Parse(payload, &m); err != nil {
		fmt.Println(err)
		return
	}
	if p.TransferFormat() == protocol.Text {
		fmt.Printf("%s\n", m.Item)
	} else {
		fmt.Printf("%x\n", m.Item)
	}
}

type order struct {
	ID       int
	PlacedAt time.Time
	Lines    []line
	Note     *string `json:",omitempty" msgpack:",omitempty"`
}

type line struct {
	SKU   string
	Price json.Number
}

// The same struct is spelled in camel case in JSON and as in Go in MessagePack,
// as clients of ASP.NET Core expect.
func ExampleJSON() {
	show(protocol.JSON{}, order{
		ID:       7,
		PlacedAt: time.Date(2024, 5, 6, 7, 8, 9, 500_000_000, time.UTC),
		Lines:    []line{{"a-1", "2.50"}},
	})
	// Output:
	// {"id":7,"placedAt":"2024-05-06T07:08:09.5Z","lines":[{"sku":"a-1","price":2.50}]}
}

func ExampleExactNames() {
	show(protocol.NewJSON(protocol.ExactNames()), line{"a-1", "2.50"})
	// Output:
	// {"SKU":"a-1","Price":2.50}
}

// cents is an amount of money, in JSON a number with two decimals.
type cents int64

func ExampleMarshalJSONFunc() {
	p := protocol.NewJSON(
		protocol.MarshalJSONFunc(func(c cents) ([]byte, error) {
			return strconv.AppendFloat(nil, float64(c)/100, 'f', 2, 64), nil
		}),
		protocol.UnmarshalJSONFunc(func(data []byte, c *cents) error {
			f, err := strconv.ParseFloat(string(data), 64)
			*c = cents(f*100 + 0.5)
			return err
		}),
	)
	show(p, map[string]cents{"total": 1999})
	var total map[string]cents
	fmt.Println(p.Unmarshal([]byte(`{"total":5.25}`), &total), total["total"])
	// Output:
	// {"total":19.99}
	// <nil> 525
}

func ExampleMessagePack() {
	show(protocol.MessagePack{}, line{"a-1", "2.50"})
	// Output:
	// 82a3534b55a3612d31a55072696365a4322e3530
}

func ExampleCamelCase() {
	fmt.Println(protocol.CamelCase("ID"), protocol.CamelCase("URLValue"), protocol.CamelCase("Name"))
	// Output:
	// id urlValue name
}
