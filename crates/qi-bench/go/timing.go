// Workloads about time: sleeps in masses, timeouts dropped, lateness, the heartbeat.
package main

import (
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

var sink atomic.Uint64

// spin runs the same loop as the other peers so many times round.
//
//go:noinline
func spin(rounds uint64) {
	state := uint64(0x9e3779b97f4a7c15)
	for i := uint64(0); i < rounds; i++ {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
	}
	if state == 0 {
		sink.Store(state)
	}
}

// calibrate finds how many rounds last so long with so many threads at it.
func calibrate(length time.Duration, threads int) uint64 {
	const probe, probes = 100000, 101
	means := make(chan float64, threads)
	for thread := 0; thread < threads; thread++ {
		go func() {
			times := make([]float64, probes)
			for i := range times {
				start := time.Now()
				spin(probe)
				times[i] = float64(time.Since(start).Nanoseconds())
			}
			sort.Float64s(times)
			means <- times[probes/2]
		}()
	}
	sum := 0.0
	for thread := 0; thread < threads; thread++ {
		sum += <-means
	}
	return uint64(float64(length.Nanoseconds()) / (sum / float64(threads)) * probe)
}

// latencies are kept one by one and sorted at the end.
type latencies []float64

func (l latencies) sample() sample {
	sort.Float64s(l)
	at := func(share float64) float64 {
		index := int(share * float64(len(l)))
		if index >= len(l) {
			index = len(l) - 1
		}
		return l[index]
	}
	return sample{map[string]float64{
		"p50_ns":  at(0.50),
		"p99_ns":  at(0.99),
		"max_ns":  l[len(l)-1],
		"samples": float64(len(l)),
	}}
}

func scattered(number int) time.Duration {
	return time.Duration(uint64(number) * 0x9e3779b97f4a7c15 % 1000000000)
}

func sleeps(count int) {
	var all sync.WaitGroup
	all.Add(count)
	for number := 0; number < count; number++ {
		length := scattered(number)
		go func() {
			time.Sleep(length)
			all.Done()
		}()
	}
	all.Wait()
}

func sleepFire(j job) sample {
	count := j.count(1000000)
	sleeps(count / 100)
	return measure(count, func() { sleeps(count) })
}

// timeoutDrop sets a timer, waits for what the goroutine itself makes ready after a yield, and
// stops the timer: a select over a channel and a timer, as Go's users write a timeout.
func timeoutDrop(j job) sample {
	const tasks = 100
	each := j.count(5000000) / tasks
	run := func(each int) {
		var all sync.WaitGroup
		all.Add(tasks)
		for task := 0; task < tasks; task++ {
			go func() {
				ready := make(chan struct{}, 1)
				for i := 0; i < each; i++ {
					timer := time.NewTimer(30 * time.Second)
					runtime.Gosched()
					ready <- struct{}{}
					select {
					case <-ready:
					case <-timer.C:
						panic("thirty seconds cannot have passed")
					}
					timer.Stop()
				}
				all.Done()
			}()
		}
		all.Wait()
	}
	run(each / 10)
	return measure(each*tasks, func() { run(each) })
}

func shortSleeps(count int) latencies {
	const short = time.Millisecond
	result := make(latencies, 0, count)
	for i := 0; i < count; i++ {
		due := time.Now().Add(short)
		time.Sleep(short)
		result = append(result, float64(time.Since(due).Nanoseconds()))
	}
	return result
}

func lateIdle(j job) sample {
	shortSleeps(20)
	return shortSleeps(j.count(2000)).sample()
}

func lateLoaded(j job) sample {
	rounds := calibrate(20*time.Microsecond, j.workers)
	var stop atomic.Bool
	for task := 0; task < 50; task++ {
		go func() {
			for !stop.Load() {
				spin(rounds)
				runtime.Gosched()
			}
		}()
	}
	results := make(chan latencies, 10)
	for sleeper := 0; sleeper < 10; sleeper++ {
		go func() { results <- shortSleeps(j.count(1000) / 10 * 2) }()
	}
	var all latencies
	for sleeper := 0; sleeper < 10; sleeper++ {
		all = append(all, <-results...)
	}
	stop.Store(true)
	return all.sample()
}

func heartbeat(j job) sample {
	const flood, interval = 10000, 10 * time.Millisecond
	rounds := calibrate(75*time.Microsecond, j.workers)
	beats := j.count(500)
	for task := 0; task < flood; task++ {
		go func() {
			for {
				spin(rounds)
				runtime.Gosched()
			}
		}()
	}
	result := make(chan latencies)
	go func() {
		start := time.Now()
		var late latencies
		for number := 1; number <= beats; {
			time.Sleep(time.Until(start.Add(interval * time.Duration(number))))
			for number <= beats && !start.Add(interval*time.Duration(number)).After(time.Now()) {
				due := start.Add(interval * time.Duration(number))
				late = append(late, float64(time.Since(due).Nanoseconds()))
				number++
			}
		}
		result <- late
	}()
	return (<-result).sample()
}
