package main

func (t *trial) automations() {}
