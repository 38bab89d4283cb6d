// Workloads about channels: one or four senders, one or four receivers. Go has no unbounded ones.
package main

import "sync"

func channels(j job, senders, receivers int) sample {
	run := func(values int) {
		numbers := make(chan uint64, 100)
		sums := make(chan uint64, receivers)
		for receiver := 0; receiver < receivers; receiver++ {
			go func() {
				sum := uint64(0)
				for number := range numbers {
					sum += number
				}
				sums <- sum
			}()
		}
		var all sync.WaitGroup
		all.Add(senders)
		each := values / senders
		for sender := 0; sender < senders; sender++ {
			go func() {
				for number := 0; number < each; number++ {
					numbers <- uint64(number)
				}
				all.Done()
			}()
		}
		all.Wait()
		close(numbers)
		sum := uint64(0)
		for receiver := 0; receiver < receivers; receiver++ {
			sum += <-sums
		}
		if sum != uint64(senders)*uint64(each)*uint64(each-1)/2 {
			panic("a value was lost")
		}
	}
	values := j.count(1000000)
	run(values / 10)
	return measure(values, func() { run(values) })
}
