// Taskflow's side of the workloads about graphs: the same graphs as in src/graph/shape.rs.
// Called as: PROGRAM WORKERS full|quick WORKLOAD. Prints one line of JSON.
#include <taskflow/taskflow.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

using Clock = std::chrono::steady_clock;

static std::uint64_t now_ns() {
    auto since = Clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

static std::uint64_t cpu_ns() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::uint64_t(time.tv_sec) * 1000000000u + std::uint64_t(time.tv_nsec);
}

static std::uint64_t random_of(std::uint64_t place) {
    std::uint64_t state = (place + 1) * 0x9e3779b97f4a7c15u;
    std::uint64_t mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

static double part_of(std::uint64_t place) {
    return double(random_of(place) >> 11) / double(std::uint64_t(1) << 53);
}

static std::vector<std::uint64_t> random_inputs(std::uint64_t node) {
    std::vector<std::uint64_t> inputs;
    std::uint64_t count = node == 0 ? 0 : random_of(node) % 5;
    for (std::uint64_t input = 0; input < count; ++input) {
        inputs.push_back(random_of(node * 8 + input + (std::uint64_t(1) << 40)) % node);
    }
    return inputs;
}

static std::uint64_t compile_ns(std::uint64_t node) {
    double uniform = 1.0 - part_of(node + (std::uint64_t(2) << 40));
    return std::uint64_t(std::min(20e3 * std::pow(uniform, -1.0 / 1.4), 10e6));
}

static std::vector<std::uint64_t> compile_inputs(std::uint64_t node) {
    std::vector<std::uint64_t> inputs;
    if (node % 100 == 99) {
        for (std::uint64_t input = node - 99; input < node; ++input) inputs.push_back(input);
        return inputs;
    }
    std::uint64_t count = node < 20 ? 0 : random_of(node + (std::uint64_t(3) << 40)) % 7;
    for (std::uint64_t input = 0; input < count; ++input) {
        double part = part_of(node * 8 + input + (std::uint64_t(4) << 40));
        std::uint64_t place = node - 1 - std::uint64_t(part * part * part * double(node - 1));
        if (place % 100 != 99) inputs.push_back(place);
    }
    std::sort(inputs.begin(), inputs.end());
    inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
    return inputs;
}

// The loop of src/spin.rs.
static std::uint64_t rounds(std::uint64_t count) {
    volatile std::uint64_t seed = 0x9e3779b97f4a7c15u;
    std::uint64_t state = seed;
    for (std::uint64_t round = 0; round < count; ++round) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    seed = state;
    return state;
}

static double rounds_per_ns(std::size_t threads) {
    const std::uint64_t probe = 100000;
    std::vector<double> means(threads);
    std::vector<std::thread> helpers;
    for (std::size_t helper = 0; helper < threads; ++helper) {
        helpers.emplace_back([&means, helper] {
            std::vector<std::uint64_t> times;
            for (int turn = 0; turn < 101; ++turn) {
                std::uint64_t start = now_ns();
                rounds(probe);
                times.push_back(now_ns() - start);
            }
            std::sort(times.begin(), times.end());
            means[helper] = double(times[times.size() / 2]);
        });
    }
    for (auto& helper : helpers) helper.join();
    double sum = 0;
    for (double mean : means) sum += mean;
    return double(probe) / (sum / double(threads));
}

static void order(std::size_t workers, std::uint64_t nodes) {
    std::uint64_t built = cpu_ns();
    tf::Taskflow graph;
    std::vector<tf::Task> tasks;
    tasks.reserve(nodes);
    // Each node makes a value of its own, as Qi's do.
    std::vector<std::uint64_t> values(nodes);
    for (std::uint64_t node = 0; node < nodes; ++node) {
        tasks.push_back(graph.emplace([&values, node] { values[node] = 1; }));
        tasks.back().name(std::to_string(node));
        for (std::uint64_t input : random_inputs(node)) tasks[input].precede(tasks.back());
    }
    double build = double(cpu_ns() - built) / double(nodes);
    tf::Executor executor(workers);
    std::uint64_t cpu = cpu_ns(), wall = now_ns();
    executor.run(graph).wait();
    double took = double(now_ns() - wall), spent = double(cpu_ns() - cpu);
    for (std::uint64_t value : values) {
        if (value != 1) std::abort();
    }
    std::printf(
        "{\"figures\":{\"operations\":%llu,\"wall_ns\":%f,\"cpu_ns\":%f,\"build_ns\":%f}}\n",
        (unsigned long long)nodes, took / double(nodes), spent / double(nodes), build);
}

static void compile(std::size_t workers, std::uint64_t nodes) {
    double speed = rounds_per_ns(workers);
    tf::Taskflow graph;
    std::vector<tf::Task> tasks;
    std::vector<std::uint64_t> lengths(nodes), longest(nodes);
    for (std::uint64_t node = 0; node < nodes; ++node) {
        std::uint64_t count = std::uint64_t(double(compile_ns(node)) * speed);
        tasks.push_back(graph.emplace([&lengths, node, count] {
            std::uint64_t start = now_ns();
            rounds(count);
            lengths[node] = now_ns() - start;
        }));
        for (std::uint64_t input : compile_inputs(node)) tasks[input].precede(tasks.back());
    }
    tf::Executor executor(workers);
    std::uint64_t cpu = cpu_ns(), wall = now_ns();
    executor.run(graph).wait();
    double took = double(now_ns() - wall), spent = double(cpu_ns() - cpu);
    std::uint64_t total = 0, path = 0;
    for (std::uint64_t node = 0; node < nodes; ++node) {
        std::uint64_t before = 0;
        for (std::uint64_t input : compile_inputs(node)) before = std::max(before, longest[input]);
        longest[node] = before + lengths[node];
        path = std::max(path, longest[node]);
        total += lengths[node];
    }
    double bound = std::max(double(path), double(total) / double(workers));
    std::printf(
        "{\"figures\":{\"operations\":%llu,\"wall_ns\":%f,\"cpu_ns\":%f,\"over_bound\":%f}}\n",
        (unsigned long long)nodes, took / double(nodes), spent / double(nodes), took / bound);
}

int main(int count, char** words) {
    if (count != 4) return 2;
    std::size_t workers = std::strtoul(words[1], nullptr, 10);
    std::uint64_t part = std::string(words[2]) == "quick" ? 10 : 1;
    std::string workload = words[3];
    if (workload == "graph-order") {
        order(workers, 1000000 / part);
    } else if (workload == "graph-compile") {
        compile(workers, 10000 / part);
    } else {
        std::printf("{\"none\":\"has no such workload\"}\n");
    }
    return 0;
}
