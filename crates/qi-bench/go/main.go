// Command qibench is Go's side of the instrument: the same workloads as goroutines. It takes a
// workload and prints one line of JSON, like every worker process of the instrument.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// job is what the process was told about its work.
type job struct {
	workers int
	quick   bool
	client  string
}

// count gives so many operations, or a tenth of them in a quick run.
func (j job) count(full int) int {
	if !j.quick {
		return full
	}
	if full < 10 {
		return 1
	}
	return full / 10
}

// sample holds the named figures of one measurement.
type sample struct {
	Figures map[string]float64 `json:"figures"`
}

func cpuNanos() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

// statusBytes reads a field of /proc/self/status that the kernel gives in kB.
func statusBytes(field string) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, field) {
			words := strings.Fields(line)
			kib, _ := strconv.ParseFloat(words[1], 64)
			return kib * 1024
		}
	}
	return 0
}

// measure runs the work and divides its cost by the number of operations.
func measure(operations int, work func()) sample {
	cpu, start := cpuNanos(), time.Now()
	work()
	wall := time.Since(start)
	cpu = cpuNanos() - cpu
	return sample{map[string]float64{
		"operations": float64(operations),
		"wall_ns":    float64(wall.Nanoseconds()) / float64(operations),
		"cpu_ns":     float64(cpu) / float64(operations),
	}}
}

var workloads = map[string]func(job) sample{
	"spawn":          spawnInside,
	"chain":          chain,
	"yield":          yield,
	"wake-1":         func(j job) sample { return wake(j, 1) },
	"wake-1000":      func(j job) sample { return wake(j, 1000) },
	"oneshot-1":      func(j job) sample { return oneshot(j, 1) },
	"oneshot-1000":   func(j job) sample { return oneshot(j, 1000) },
	"mutex-free":     func(j job) sample { return mutex(j, 10000000, false) },
	"mutex-held":     func(j job) sample { return mutex(j, 1000000, true) },
	"channel-1-1":    func(j job) sample { return channels(j, 1, 1) },
	"channel-4-1":    func(j job) sample { return channels(j, 4, 1) },
	"channel-4-4":    func(j job) sample { return channels(j, 4, 4) },
	"fib":            fibTree,
	"skynet":         skynetTree,
	"balance":        balance,
	"sleep-fire":     sleepFire,
	"timeout-drop":   timeoutDrop,
	"late-idle":      lateIdle,
	"late-loaded":    lateLoaded,
	"heartbeat":      heartbeat,
	"foreign-wake":   foreignWake,
	"echo-100":       func(j job) sample { return echo(j, 100) },
	"echo-1000":      func(j job) sample { return echo(j, 1000) },
	"memory-sleep":   memorySleep,
	"memory-oneshot": memoryOneshot,
}

func main() {
	workers := flag.Int("workers", 2, "threads that run goroutines")
	quick := flag.Bool("quick", false, "a tenth of the work")
	client := flag.String("client", "", "program that is the load client of the echo workload")
	flag.Parse()
	work, known := workloads[flag.Arg(0)]
	if !known {
		fmt.Println(`{"none":"has no such workload"}`)
		return
	}
	runtime.GOMAXPROCS(*workers)
	result := work(job{*workers, *quick, *client})
	result.Figures["peak_mib"] = statusBytes("VmHWM:") / (1 << 20)
	text, err := json.Marshal(result)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}
