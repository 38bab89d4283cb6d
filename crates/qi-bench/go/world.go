// Workloads about the outside: threads that are no workers, sockets, memory.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// foreignWake wakes from a goroutine that owns its thread: the nearest to a foreign thread that Go
// has without C.
func foreignWake(j job) sample {
	wakes := j.count(4000)
	bell := make(chan time.Time, 1)
	go func() {
		runtime.LockOSThread()
		for i := 0; i < wakes; i++ {
			time.Sleep(500 * time.Microsecond)
			bell <- time.Now()
		}
	}()
	late := make(latencies, 0, wakes)
	for i := 0; i < wakes; i++ {
		rung := <-bell
		late = append(late, float64(time.Since(rung).Nanoseconds()))
	}
	return late.sample()
}

func echo(j job, connections int) sample {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	go func() {
		for {
			stream, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				buffer := make([]byte, 1024)
				for {
					count, err := stream.Read(buffer)
					if err != nil {
						return
					}
					if _, err := stream.Write(buffer[:count]); err != nil {
						return
					}
				}
			}()
		}
	}()
	length := "full"
	if j.quick {
		length = "quick"
	}
	address := listener.Addr().String()
	client := exec.Command(j.client, "--echo-client", address, strconv.Itoa(connections), length)
	client.Stderr = os.Stderr
	output, err := client.StdoutPipe()
	must(err)
	must(client.Start())
	lines := bufio.NewScanner(output)
	if !lines.Scan() || lines.Text() != "begin" {
		panic("the load client did not begin")
	}
	cpu := cpuNanos()
	lines.Scan()
	cpu = cpuNanos() - cpu
	var requests, wall float64
	_, err = fmt.Sscanf(lines.Text(), "end %g %g", &requests, &wall)
	must(err)
	lines.Scan()
	var result sample
	must(json.NewDecoder(strings.NewReader(lines.Text())).Decode(&result))
	must(client.Wait())
	result.Figures["operations"] = requests
	result.Figures["wall_ns"] = wall / requests
	result.Figures["cpu_ns"] = float64(cpu) / requests
	result.Figures["requests_per_s"] = requests / wall * 1e9
	return result
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// settledGrowth waits until all are parked and the resident set stands still.
func settledGrowth(before float64, parked *atomic.Int64, count int) sample {
	last := 0.0
	for {
		time.Sleep(50 * time.Millisecond)
		now := statusBytes("VmRSS:")
		if parked.Load() >= int64(count) && now == last {
			return sample{map[string]float64{
				"bytes_per_task": (now - before) / float64(count),
				"operations":     float64(count),
			}}
		}
		last = now
	}
}

func memorySleep(j job) sample {
	count := j.count(1000000)
	var parked atomic.Int64
	before := statusBytes("VmRSS:")
	for number := 0; number < count; number++ {
		length := time.Hour + time.Duration(number)*time.Microsecond
		go func() {
			parked.Add(1)
			time.Sleep(length)
		}()
	}
	return settledGrowth(before, &parked, count)
}

func memoryOneshot(j job) sample {
	count := j.count(1000000)
	var parked atomic.Int64
	before := statusBytes("VmRSS:")
	senders := make([]chan int, count)
	for number := range senders {
		sender := make(chan int, 1)
		senders[number] = sender
		go func() {
			parked.Add(1)
			<-sender
		}()
	}
	result := settledGrowth(before, &parked, count)
	runtime.KeepAlive(senders)
	return result
}
