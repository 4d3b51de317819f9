package rfc2136

// Question is the question for a zone.
var Question = (*Key).question
