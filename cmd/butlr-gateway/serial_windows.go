package main

const openAtOnce = 0
