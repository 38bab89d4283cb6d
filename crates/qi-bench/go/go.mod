module qibench

go 1.19
