// Workloads about goroutines as coroutines: one after the other, in batches, ping-pong, memory.
package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// coroutineOperations runs a tenth as a warming up, then all of it by the clock.
func coroutineOperations(j job, full int, run func(int)) sample {
	count := j.count(full)
	run(count / 10)
	return measure(count, func() { run(count) })
}

// oneByOne starts a goroutine and waits for its end, again and again.
func oneByOne(count int) {
	done := make(chan int, 1)
	for number := 0; number < count; number++ {
		number := number
		go func() { done <- number }()
		<-done
	}
}

func inBatches(count int) {
	for batch := 0; batch < count/1000; batch++ {
		var all sync.WaitGroup
		all.Add(1000)
		for number := 0; number < 1000; number++ {
			go all.Done()
		}
		all.Wait()
	}
}

func coroutineYields(count int) {
	const tasks = 200
	var all sync.WaitGroup
	all.Add(tasks)
	for task := 0; task < tasks; task++ {
		go func() {
			for i := 0; i < count/tasks; i++ {
				runtime.Gosched()
			}
			all.Done()
		}()
	}
	all.Wait()
}

func roundTrips(count int) {
	ping, pong := make(chan int, 1), make(chan int, 1)
	go func() {
		for number := range ping {
			pong <- number
		}
		close(pong)
	}()
	for number := 0; number < count; number++ {
		ping <- number
		if <-pong != number {
			panic("another pong came")
		}
	}
	close(ping)
	<-pong
}

// coroutineMemory weighs goroutines that wait for a channel, page tables too.
func coroutineMemory(j job) sample {
	count := j.count(200000)
	var parked atomic.Int64
	never := make(chan struct{})
	resident, tables := statusBytes("VmRSS:"), statusBytes("VmPTE:")
	for number := 0; number < count; number++ {
		go func() {
			parked.Add(1)
			<-never
		}()
	}
	last := 0.0
	for {
		time.Sleep(50 * time.Millisecond)
		now := statusBytes("VmRSS:")
		if parked.Load() >= int64(count) && now == last {
			break
		}
		last = now
	}
	resident = (statusBytes("VmRSS:") - resident) / float64(count)
	tables = (statusBytes("VmPTE:") - tables) / float64(count)
	runtime.KeepAlive(never)
	return sample{map[string]float64{
		"bytes_per_task":   resident + tables,
		"resident_bytes":   resident,
		"page_table_bytes": tables,
		"operations":       float64(count),
	}}
}

func init() {
	workloads["coroutine-join"] = func(j job) sample { return coroutineOperations(j, 1000000, oneByOne) }
	workloads["coroutine-call"] = workloads["coroutine-join"]
	workloads["coroutine-spawn"] = func(j job) sample { return coroutineOperations(j, 1000000, inBatches) }
	workloads["coroutine-yield"] = func(j job) sample { return coroutineOperations(j, 2000000, coroutineYields) }
	workloads["coroutine-channel"] = func(j job) sample { return coroutineOperations(j, 300000, roundTrips) }
	for _, size := range []string{"16", "64", "256", "2048"} {
		workloads["coroutine-memory-"+size] = coroutineMemory
	}
}
