module github.com/dastap/dastap/host/go

go 1.23
