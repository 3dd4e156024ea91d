// Command pod-resources reads pods, one JSON object a line, and prints for each what Kubernetes adds up for the pod as a
// whole, in plain digits: what it requests and what it may use at most.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	v1 "k8s.io/api/core/v1"
	helpers "k8s.io/component-helpers/resource"
	kjson "sigs.k8s.io/json"
)

type sums struct {
	Requests map[v1.ResourceName]string `json:"requests"`
	Limits   map[v1.ResourceName]string `json:"limits"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	reader := bufio.NewReader(in)
	writer := bufio.NewWriter(out)
	encoder := json.NewEncoder(writer)
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if len(line) > 0 {
			var pod v1.Pod
			// As the API server decodes what it is sent.
			if err := kjson.UnmarshalCaseSensitivePreserveInts(line, &pod); err != nil {
				return fmt.Errorf("line %d: %w", number, err)
			}
			options := helpers.PodResourcesOptions{}
			answer := sums{plain(helpers.PodRequests(&pod, options)), plain(helpers.PodLimits(&pod, options))}
			if err := encoder.Encode(answer); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return writer.Flush()
		}
		if err != nil {
			return err
		}
	}
}

func plain(list v1.ResourceList) map[v1.ResourceName]string {
	texts := map[v1.ResourceName]string{}
	for name, quantity := range list {
		texts[name] = quantity.AsDec().String()
	}
	return texts
}
