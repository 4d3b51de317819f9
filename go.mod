module homeward

go 1.26
